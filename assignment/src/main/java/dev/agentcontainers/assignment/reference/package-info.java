/**
 * The Secrets and ConfigMaps that an agent refers to. In: an AgentContainer and a way to look sources up. Out: what was
 * found, and the first that is missing. Reads nothing by itself.
 */
@NullMarked
package dev.agentcontainers.assignment.reference;

import org.jspecify.annotations.NullMarked;
