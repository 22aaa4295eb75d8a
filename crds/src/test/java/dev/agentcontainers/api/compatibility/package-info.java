/**
 * Guards users' manifests against changes of the API. In: the schema of a released definition and of the one to be
 * released. Out: what was valid and would not be any more. Never part of the jar.
 */
@NullMarked
package dev.agentcontainers.api.compatibility;

import org.jspecify.annotations.NullMarked;
