/**
 * From an AgentContainer and what is known of it to its assignment and its status. Reads caches, writes the assignment
 * and the status. Never binds: package scheduling does. Never touches an AgentContainer's spec.
 */
@NullMarked
package dev.agentcontainers.operator.agentcontainer;

import org.jspecify.annotations.NullMarked;
