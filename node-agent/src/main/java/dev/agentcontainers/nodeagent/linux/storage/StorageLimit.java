package dev.agentcontainers.nodeagent.linux.storage;

/**
 * What all workspaces of a sandbox may take together.
 *
 * @param reserved whether the disk keeps that much for them alone; otherwise they share what is left of the disk
 */
public record StorageLimit(long bytes, boolean reserved) {}
