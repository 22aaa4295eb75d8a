/**
 * Which control plane to use. In: a record of what this machine has. Out: one choice, or an error that
 * lists what to install. Never starts anything.
 */
@NullMarked
package dev.agentcontainers.localcluster.selection;

import org.jspecify.annotations.NullMarked;
