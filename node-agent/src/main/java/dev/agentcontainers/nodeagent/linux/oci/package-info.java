/**
 * The driver {@code process}: an OCI runtime over the host's root, supervised by conmon. In: sandbox specifications. Out:
 * bundles, runtime calls, and what the machine shows of sandboxes. The isolation is the runtime's and the kernel's; here
 * it is asked for and checked.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.oci;

import org.jspecify.annotations.NullMarked;
