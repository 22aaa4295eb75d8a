/**
 * The driver {@code process}: agents over the host's own root, isolated by an OCI runtime. In: resolved specifications.
 * Out: sandboxes, supervised by a shim that outlives the node agent. Knows nothing of Kubernetes, policy or networks.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.oci;

import org.jspecify.annotations.NullMarked;
