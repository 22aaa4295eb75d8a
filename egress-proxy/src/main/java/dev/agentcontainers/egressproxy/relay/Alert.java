package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.protocol.names.TlsVerdict;

/** What a client of TLS is told before its connection is reset. Source: RFC 8446, 6. */
final class Alert {
    private static final byte RECORD = 21;
    private static final byte FATAL = 2;
    private static final byte ACCESS_DENIED = 49;
    private static final byte UNRECOGNIZED_NAME = 112;

    private Alert() {}

    /** A whole record. */
    static byte[] of(TlsVerdict verdict) {
        boolean aboutName = verdict == TlsVerdict.OTHER_NAME || verdict == TlsVerdict.NO_SERVER_NAME;
        return new byte[] {RECORD, 3, 3, 0, 2, FATAL, aboutName ? UNRECOGNIZED_NAME : ACCESS_DENIED};
    }
}
