/**
 * The drivers {@code process}, {@code container} and {@code gvisor}: agents over the host's own root or over an image's, isolated
 * by an OCI runtime. In: resolved specifications, unpacked layers. Out: sandboxes, supervised by a shim that outlives the node
 * agent, and further processes in them with their streams ({@code ExecStreams}: pipes, or a terminal in each runtime's way). Knows
 * nothing of Kubernetes, policy, networks or registries.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.oci;

import org.jspecify.annotations.NullMarked;
