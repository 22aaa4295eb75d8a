/**
 * The agent's root filesystem, put together from the host's. In: a sandbox's mounts and what the host has. Out: a tree of
 * mounts in the calling thread's mount namespace. Never writes to a file of the host.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.rootfs;

import org.jspecify.annotations.NullMarked;
