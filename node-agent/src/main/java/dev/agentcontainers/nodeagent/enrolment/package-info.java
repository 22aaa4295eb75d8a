/**
 * How a machine becomes a node and stays one. In: the gateway's address, a way to know it, a token. Out: a key that never
 * leaves the machine, and credentials that are renewed before they end. Never trusts a gateway that nobody named.
 */
@NullMarked
package dev.agentcontainers.nodeagent.enrolment;

import org.jspecify.annotations.NullMarked;
