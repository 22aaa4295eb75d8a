package dev.agentcontainers.cli.copy;

/**
 * How to copy.
 *
 * @param follow symbolic links of the source: what they lead to is copied
 * @param preserve keep modes and times
 */
record CopyOptions(boolean follow, boolean preserve) {}
