package dev.agentcontainers.protocol.names;

/** What an egress proxy and the node agent that starts it have to agree on before they speak. */
public final class NameServer {
    /** Where agents ask: a link-local address that is the next hop of each of them. */
    public static final String ADDRESS = "169.254.1.1";

    /** Descriptor of the socket for datagrams. It doesn't wait. */
    public static final int DATAGRAM_DESCRIPTOR = 3;

    /** Descriptor of the listening socket for streams. It doesn't wait. */
    public static final int STREAM_DESCRIPTOR = 4;

    /** Descriptor of the listening socket for intercepted connections. It doesn't wait. */
    public static final int INTERCEPTED_DESCRIPTOR = 5;

    /** Descriptor of the listening socket of connections that say where they are to go. It doesn't wait. */
    public static final int ASKED_DESCRIPTOR = 6;

    /** Of {@link #ADDRESS}: what agents may have as their proxy of HTTP. */
    public static final int PROXY_PORT = 3128;

    /** Longest life that is asked for, in seconds: the longest of an answer, and what clients keep it beyond. */
    public static final int LONGEST_OPENING = 330;

    /** Addresses that one answer has at most. */
    public static final int MOST_ADDRESSES = 100;

    private NameServer() {}
}
