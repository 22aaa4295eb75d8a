package dev.agentcontainers.nodeagent.fence;

/**
 * The sockets at which agents ask for names and by which their intercepted connections come, as descriptors of this process: closed in children unless they are passed on,
 * and never waiting. Whoever asked for them closes them; while a process has one of them open, the fence's namespace lives.
 */
public interface NameServerSockets extends AutoCloseable {
    /** Of UDP. The sender's address says which agent it is: the fence lets none send with another's. */
    int datagrams();

    /** Of TCP, listening. */
    int streams();

    /**
     * Of TCP, listening, for connections to what was opened as {@link ResolvedDestination#intercepted}. A connection's own
     * address is where its agent meant to go.
     */
    int intercepted();

    /** Of TCP, listening, for connections to the proxy itself, which say where they are to go. */
    int asked();

    /** Closes what was not passed on. No effect the second time. */
    @Override
    void close();
}
