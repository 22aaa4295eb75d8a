/** The API on a real API server: what it accepts, refuses, sets and shows. */
@NullMarked
package dev.agentcontainers.api.cluster;

import org.jspecify.annotations.NullMarked;
