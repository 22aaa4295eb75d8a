package dev.agentcontainers.nodeagent.sandbox;

/** How large a display is, in pixels, of which each has 24 bits. */
public record Screen(int width, int height) {}
