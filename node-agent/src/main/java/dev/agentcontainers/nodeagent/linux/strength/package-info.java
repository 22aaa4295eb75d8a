/**
 * Attempts to break out of sandboxes of Linux: programs that make them, baits on the host that they go for, and judges that look
 * at the host for what came of it.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.strength;

import org.jspecify.annotations.NullMarked;
