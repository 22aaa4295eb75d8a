/**
 * What policies make of agents' egress, for people. In: a cluster's objects or manifests, and a flow. Out: the verdict of each
 * end, the rule that decided, and what would allow it. Judges by module policy alone; enforces and changes nothing.
 */
@NullMarked
package dev.agentcontainers.cli.egress;

import org.jspecify.annotations.NullMarked;
