/**
 * A process of a node's own that stands between agents and resolvers, and between agents and servers of TLS. In: sockets and a path to
 * the node agent at its start. Out: answers, and bytes as they are. It has no rights: what it finds allowed the node agent checks again and opens.
 */
@NullMarked
package dev.agentcontainers.egressproxy;

import org.jspecify.annotations.NullMarked;
