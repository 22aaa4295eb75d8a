/**
 * The authority of certificates that each agent has and trusts, so that what it sends inside TLS can be looked at where its policy
 * says so. In: names of agents, names and keys to be certified. Out: files that the agent sees, certificates. Never decides what is
 * certified, and never gives a private key away.
 */
@NullMarked
package dev.agentcontainers.nodeagent.authority;

import org.jspecify.annotations.NullMarked;
