package dev.agentcontainers.egressproxy.relay;

/** Something that passes for as long as nothing of what it rests on is taken back. */
interface Passing {
    boolean holds();

    /** Ends both sides at once. */
    void cut();
}
