/**
 * How strong a driver's isolation really is on this machine. In: a driver. Out: a report of attempts to break out of a sandbox
 * of it, each judged by what it did on the host.
 */
@NullMarked
package dev.agentcontainers.nodeagent.strength;

import org.jspecify.annotations.NullMarked;
