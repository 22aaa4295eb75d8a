/**
 * What a node agent lets be measured. In: calls of drivers and fence, and reports on agents, as they pass. Out: Micrometer
 * meters, none of them by agent. Never changes what passes.
 */
@NullMarked
package dev.agentcontainers.nodeagent.observability;

import org.jspecify.annotations.NullMarked;
