/**
 * The dialling side of the gateway's protocol, for node agents and agentctl. In: an address, what to trust and how to
 * prove oneself. Out: answers and message connections. Never trusts a server that nobody named.
 */
@NullMarked
package dev.agentcontainers.protocol.client;

import org.jspecify.annotations.NullMarked;
