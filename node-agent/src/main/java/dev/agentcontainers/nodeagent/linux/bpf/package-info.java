/**
 * Programs in the kernel's packet path (eBPF). In: programs as bytes. Out: descriptors of programs that the kernel has
 * verified. Never decides where a program runs.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.bpf;

import org.jspecify.annotations.NullMarked;
