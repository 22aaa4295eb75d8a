/**
 * Commands that need root, for users who have none: the same command once more, as root of namespaces of the user's own. In: the
 * command line of this process. Out: its exit code. What can't be seen from inside is told through a pipe, the tether.
 */
@NullMarked
package dev.agentcontainers.cli.rootless;

import org.jspecify.annotations.NullMarked;
