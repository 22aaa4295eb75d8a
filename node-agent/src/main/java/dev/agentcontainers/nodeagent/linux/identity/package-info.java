/**
 * Which user and group ids of the host a sandbox runs with. In: the node's range. Out: a range for each sandbox that no
 * other has, recorded on disk. Never gives out a range that is in use, across crashes as well.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.identity;

import org.jspecify.annotations.NullMarked;
