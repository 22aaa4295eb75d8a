/**
 * What a node agent makes on this machine. In: where the node agent keeps its things. Out: what is there of it, and its
 * removal without the node agent and without an API server. Never touches another node agent's things.
 */
@NullMarked
package dev.agentcontainers.cli.machine;

import org.jspecify.annotations.NullMarked;
