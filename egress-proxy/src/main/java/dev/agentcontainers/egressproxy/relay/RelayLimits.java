package dev.agentcontainers.egressproxy.relay;

import java.time.Duration;

/**
 * How many connections there may be and how long they may take.
 *
 * @param most of all agents together: each takes two descriptors, and some 32 KiB
 * @param mostOfAgent of one agent
 * @param mostDecrypted of those such whose TLS is decrypted, each of which takes some 200 KiB more
 * @param mostDecryptedOfAgent of one agent
 * @param hello from the beginning of a connection to the end of its ClientHello, or of its first request's head
 * @param connect for the other side's answer
 * @param idle without a byte in either direction
 * @param between from the end of an answer to the end of the next request's head
 * @param http2 how much of HTTP/2 there may be among the decrypted
 */
public record RelayLimits(
        int most,
        int mostOfAgent,
        int mostDecrypted,
        int mostDecryptedOfAgent,
        Duration hello,
        Duration connect,
        Duration idle,
        Duration between,
        Http2Limits http2) {
    /** With what of HTTP/2 there may be otherwise. */
    public RelayLimits(
            int most,
            int mostOfAgent,
            int mostDecrypted,
            int mostDecryptedOfAgent,
            Duration hello,
            Duration connect,
            Duration idle,
            Duration between) {
        this(
                most,
                mostOfAgent,
                mostDecrypted,
                mostDecryptedOfAgent,
                hello,
                connect,
                idle,
                between,
                Http2Limits.DEFAULT);
    }

    public static final RelayLimits DEFAULT = new RelayLimits(
            1024,
            256,
            192,
            64,
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofHours(1),
            Duration.ofMinutes(1));
}
