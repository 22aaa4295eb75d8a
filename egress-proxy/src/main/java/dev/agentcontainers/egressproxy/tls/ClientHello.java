package dev.agentcontainers.egressproxy.tls;

import dev.agentcontainers.protocol.names.TlsVerdict;
import java.nio.ByteBuffer;

/** What is known of the ClientHello that a connection begins with. */
public sealed interface ClientHello {
    /** Bytes that are looked at: a header and a record as long as RFC 8446, 5.1 lets it be. */
    int LONGEST = HelloReader.HEADER + HelloReader.LONGEST_RECORD;

    /** Not all of it is there; what is there is right so far. */
    record Incomplete() implements ClientHello {}

    /** @param serverName as it was sent, one character for each byte */
    record Named(String serverName) implements ClientHello {}

    /** It can't pass, and more bytes don't change that. */
    record Refused(TlsVerdict why) implements ClientHello {}

    /** @param received all that was sent from the beginning on, and perhaps more than the ClientHello; the buffer stays as it is */
    static ClientHello read(ByteBuffer received) {
        return HelloReader.read(received);
    }
}
