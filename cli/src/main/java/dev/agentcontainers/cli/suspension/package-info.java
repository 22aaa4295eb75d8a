/** Agents that rest: stopped with their files kept, and started again. In: a kubeconfig, which agents. Out: what they are asked to be. */
@NullMarked
package dev.agentcontainers.cli.suspension;

import org.jspecify.annotations.NullMarked;
