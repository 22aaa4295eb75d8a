/**
 * The record of what agents were let do and denied on this node. In: what the fence and the names tell. Out: a file, whoever
 * watches, and counts. Never decides anything, and never holds up who does: what there is no room for is counted.
 */
@NullMarked
package dev.agentcontainers.nodeagent.audit;

import org.jspecify.annotations.NullMarked;
