/**
 * What a node agent must remember over its own death and the machine's. In: entries per sandbox and the last policy.
 * Out: the same after a restart. Never a Secret's content; the machine, not the journal, says what exists.
 */
@NullMarked
package dev.agentcontainers.nodeagent.journal;

import org.jspecify.annotations.NullMarked;
