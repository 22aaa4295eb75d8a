/**
 * Who writes an agent's status: the operator, from what the node reports of the assignment, as is shipped; or the node agent
 * itself. In: a control plane and the operator as a process, with a node that runs nothing. Out: time, writes and processor
 * time of both. An experiment: the rights that the second needs exist here only (see the decision on the status path).
 */
@NullMarked
package dev.agentcontainers.bench.statuspath;

import org.jspecify.annotations.NullMarked;
