/**
 * Lets machines join as nodes. In: a request with a proof (bootstrap token or ServiceAccount token) and a key. Out: an
 * AgentNode and a short-lived credential for its own namespace. Never lets one machine take a living node's place.
 */
@NullMarked
package dev.agentcontainers.operator.enrolment;

import org.jspecify.annotations.NullMarked;
