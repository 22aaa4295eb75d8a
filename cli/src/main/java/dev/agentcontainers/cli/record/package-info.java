/**
 * What nodes have recorded of agents' egress, for judging it. In: lines of the record from files or a stream. Out: flows, names and
 * looks at TLS, each once with how often it occurred, and how much could not be read. Judges nothing itself.
 */
@NullMarked
package dev.agentcontainers.cli.record;

import org.jspecify.annotations.NullMarked;
