package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.protocol.names.TlsVerdict;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** What an agent sends where only TLS for www.example.org may pass. */
enum HostileHello {
    ANOTHER_NAME(TlsVerdict.OTHER_NAME, record(hello(serverName("attacker.test")))),
    A_NAME_BELOW(TlsVerdict.OTHER_NAME, record(hello(serverName("a.www.example.org")))),
    NUL_IN_THE_NAME(TlsVerdict.OTHER_NAME, record(hello(serverName("www.example.org\0.attacker.test")))),
    NUL_BEHIND_THE_NAME(TlsVerdict.OTHER_NAME, record(hello(serverName("www.example.org\0")))),
    AN_ADDRESS_AS_NAME(TlsVerdict.OTHER_NAME, record(hello(serverName(Machine.PUBLIC)))),
    TWO_DOTS(TlsVerdict.OTHER_NAME, record(hello(serverName("www.example.org..")))),
    NO_NAME(TlsVerdict.NO_SERVER_NAME, record(hello())),
    TWO_NAMES(TlsVerdict.MALFORMED, record(hello(serverName("www.example.org"), serverName("attacker.test")))),
    ENCRYPTED(
            TlsVerdict.ENCRYPTED_HELLO, record(hello(serverName("www.example.org"), extension(0xfe0d, new byte[60])))),
    SPLIT_IN_RECORDS(TlsVerdict.SPLIT, parts(hello(serverName("www.example.org")), 60)),
    SPLIT_IN_RECORDS_IN_THE_NAME(TlsVerdict.SPLIT, parts(hello(serverName("www.example.org")), 90)),
    WRONG_LENGTHS(TlsVerdict.MALFORMED, record(hello(new byte[] {0, 0, 0x70, 0}))),
    TWO_MESSAGES(
            TlsVerdict.MALFORMED,
            record(join(hello(serverName("www.example.org")), hello(serverName("attacker.test"))))),
    HTTP(TlsVerdict.NOT_TLS, "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
    SSH(TlsVerdict.NOT_TLS, "SSH-2.0-client\r\n".getBytes(StandardCharsets.US_ASCII)),
    OLD_SSL(TlsVerdict.NOT_TLS, new byte[] {(byte) 0x80, 46, 1, 3, 1, 0, 21, 0, 0, 0, 16});

    private final TlsVerdict verdict;
    private final byte[][] parts;

    /** @param parts sent one by one */
    HostileHello(TlsVerdict verdict, byte[]... parts) {
        this.verdict = verdict;
        this.parts = parts;
    }

    TlsVerdict verdict() {
        return verdict;
    }

    /** As agent.py takes it. */
    Object[] request(String address, int port) {
        List<Object> request = new ArrayList<>(List.of("first_bytes", address, port));
        for (byte[] part : parts) {
            request.add(HexFormat.of().formatHex(part));
        }
        return request.toArray();
    }

    /** As agent.py tells it: an alert where it is TLS, and a reset in any case. */
    String answer() {
        return switch (verdict) {
            case NOT_TLS -> " reset";
            case OTHER_NAME, NO_SERVER_NAME -> "15030300020270 reset";
            default -> "15030300020231 reset";
        };
    }

    private static byte[] hello(byte[]... extensions) {
        byte[] body = join(
                new byte[] {3, 3},
                new byte[32],
                vector(1, new byte[32]),
                vector(2, new byte[] {0x13, 1}),
                new byte[] {1, 0},
                vector(2, join(join(extensions), extension(43, new byte[] {2, 3, 4}))));
        return join(new byte[] {1}, vector(3, body));
    }

    private static byte[] serverName(String name) {
        return extension(0, vector(2, join(new byte[1], vector(2, name.getBytes(StandardCharsets.ISO_8859_1)))));
    }

    private static byte[] extension(int type, byte[] content) {
        return join(new byte[] {(byte) (type >> 8), (byte) type}, vector(2, content));
    }

    private static byte[] record(byte[] content) {
        return join(new byte[] {22, 3, 1}, vector(2, content));
    }

    private static byte[][] parts(byte[] message, int at) {
        return new byte[][] {record(Arrays.copyOf(message, at)), record(Arrays.copyOfRange(message, at, message.length))
        };
    }

    private static byte[] vector(int lengthBytes, byte[] content) {
        byte[] length = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++) {
            length[i] = (byte) (content.length >> 8 * (lengthBytes - 1 - i));
        }
        return join(length, content);
    }

    private static byte[] join(byte[]... all) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] each : all) {
            joined.writeBytes(each);
        }
        return joined.toByteArray();
    }
}
