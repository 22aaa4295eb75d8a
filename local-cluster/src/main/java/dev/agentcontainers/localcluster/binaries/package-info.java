/**
 * The binaries of the control plane and of Helm. In: a Go toolchain and the pinned Go modules, or a folder that has the
 * binaries already. Out: executables of known versions. Never runs them.
 */
@NullMarked
package dev.agentcontainers.localcluster.binaries;

import org.jspecify.annotations.NullMarked;
