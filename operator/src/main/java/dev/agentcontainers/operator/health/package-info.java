/**
 * Tells the platform whether this process works. In: the state of its parts. Out: MicroProfile health checks, liveness for what
 * only a restart mends, readiness for the rest. Never looks at the API server itself.
 */
@NullMarked
package dev.agentcontainers.operator.health;

import org.jspecify.annotations.NullMarked;
