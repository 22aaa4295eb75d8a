/**
 * What a whole fleet does: control plane, operator and node agent as processes of their own on this machine. In: root, and a
 * machine without a local fleet. Out: times and writes per agent. The fleet is removed at the end, also after an interruption;
 * what a killed run left, the next one removes.
 */
@NullMarked
package dev.agentcontainers.bench.fleet;

import org.jspecify.annotations.NullMarked;
