/**
 * The drivers {@code process} and {@code container}: agents over the host's own root or over an image's, isolated by an OCI
 * runtime. In: resolved specifications, unpacked layers. Out: sandboxes, supervised by a shim that outlives the node agent.
 * Knows nothing of Kubernetes, policy, networks or registries.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.oci;

import org.jspecify.annotations.NullMarked;
