/**
 * The filesystem that an agent sees. In: the host's tree and mounts or an image's mounted root, the mounts of a sandbox. Out: a
 * plan, and a root made by it in a mount namespace of its own. Never writes to a file of the host, never changes the host's
 * mounts.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.rootfs;

import org.jspecify.annotations.NullMarked;
