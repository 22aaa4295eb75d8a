/**
 * The caches that controllers and scheduler share: each kind is watched once. Read only; what is returned must not be
 * changed. Never talks to the API server by itself.
 */
@NullMarked
package dev.agentcontainers.operator.fleet;

import org.jspecify.annotations.NullMarked;
