package dev.agentcontainers.egressproxy.relay;

/** How much there may be of the head of a request, by either version of HTTP, and of that of an answer by HTTP/2. */
final class HeadLimits {
    /** Of all headers together, in bytes: the lines of HTTP/1.1, names and values of HTTP/2. */
    static final int LONGEST_HEADERS = 16 << 10;

    /** So many are still good, also of those behind content. Pseudo-headers are not among them. */
    static final int MOST_HEADERS = 128;

    private HeadLimits() {}
}
