/**
 * Runs agents for users without root, who ask by a unix socket. In: requests of users whom the kernel names. Out: standalone
 * runs that share a bounded part of the machine, and what becomes of each. Never trusts what a client says of itself.
 */
@NullMarked
package dev.agentcontainers.nodeagent.standalone.service;

import org.jspecify.annotations.NullMarked;
