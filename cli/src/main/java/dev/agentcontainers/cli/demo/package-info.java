/**
 * {@code agentctl demo}: the main job, shown. In: a local fleet. Out: a report of what really happened, and an exit
 * code that is 0 only if all of it did. Its services stand in network namespaces of their own.
 */
@NullMarked
package dev.agentcontainers.cli.demo;

import org.jspecify.annotations.NullMarked;
