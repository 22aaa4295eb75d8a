/**
 * What agents use. In: looks at each by its driver. Out: amounts over time, for metrics and for users. Never limits anything.
 */
@NullMarked
package dev.agentcontainers.nodeagent.usage;

import org.jspecify.annotations.NullMarked;
