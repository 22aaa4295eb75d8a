package dev.agentcontainers.nodeagent.linux.oci;

/** How many characters a terminal shows in a line, and how many lines. */
record WindowSize(int columns, int rows) {
    /** Until a terminal is told of another: with 0 by 0 programs would have to guess. It is a VT100's. */
    static final WindowSize DEFAULT = new WindowSize(80, 24);
}
