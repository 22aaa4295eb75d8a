/**
 * What an agent needs, from what it did. In: what was recorded of the agent. Out: an EgressPolicy that allows that and no more, with
 * marks at what should be looked at, tried against the same record. Applies nothing.
 */
@NullMarked
package dev.agentcontainers.cli.egress.learn;

import org.jspecify.annotations.NullMarked;
