/** What the fence costs agents' traffic, and what it costs to load many agents' rules; without an API server. */
@NullMarked
package dev.agentcontainers.bench.egress;

import org.jspecify.annotations.NullMarked;
