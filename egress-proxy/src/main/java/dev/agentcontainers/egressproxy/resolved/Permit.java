package dev.agentcontainers.egressproxy.resolved;

/**
 * Lets a connection or request pass for as long as nothing of what it rests on is taken back.
 *
 * @param group of the agent
 * @param generation of the group's rules at the port
 */
public record Permit(String group, int port, long generation) {}
