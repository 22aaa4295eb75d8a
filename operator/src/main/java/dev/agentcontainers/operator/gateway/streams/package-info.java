/**
 * Streams between users and nodes. In: a request for a stream of an agent, sockets of both sides. Out: bytes relayed at
 * the slower side's pace, within limits. Never authenticates anyone.
 */
@NullMarked
package dev.agentcontainers.operator.gateway.streams;

import org.jspecify.annotations.NullMarked;
