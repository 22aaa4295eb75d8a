/**
 * Child processes, ports and locks between processes. In: commands and paths. Out: processes that end
 * with this JVM or outlive it, as asked. Never signals a process that it can't prove to be its own.
 */
@NullMarked
package dev.agentcontainers.localcluster.process;

import org.jspecify.annotations.NullMarked;
