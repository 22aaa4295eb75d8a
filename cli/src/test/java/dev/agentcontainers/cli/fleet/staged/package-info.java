/**
 * A platform for tests: the one of this machine, whose drivers and fence fail or die at a stage that the test names. In: a
 * folder with a file per stage. It is put in front of the class path of a node agent that is otherwise the shipped one.
 */
@NullMarked
package dev.agentcontainers.cli.fleet.staged;

import org.jspecify.annotations.NullMarked;
