package dev.agentcontainers.egressproxy.tls;

import dev.agentcontainers.egressproxy.tls.ClientHello.Incomplete;
import dev.agentcontainers.egressproxy.tls.ClientHello.Named;
import dev.agentcontainers.egressproxy.tls.ClientHello.Refused;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a ClientHello, or a part of one from its beginning to its end. Strictly: what two readers could understand differently is
 * refused. All of it has to be the one message of the first record, in however many packets that comes.
 *
 * <p>Sources: RFC 8446, 4.1.2, 5.1 and B.3; RFC 6066, 3; RFC 9849 (encrypted ClientHello).
 */
final class HelloReader {
    static final int HEADER = 5;
    static final int LONGEST_RECORD = 1 << 14;
    private static final int MESSAGE_HEADER = 4;
    private static final int HANDSHAKE_RECORD = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int RANDOM = 32;
    private static final int LONGEST_SESSION = 32;
    private static final int SERVER_NAME = 0;
    /** No name of a host is longer (RFC 1035), and each is recorded. */
    private static final int LONGEST_NAME = 255;

    private static final int HOST_NAME = 0;

    /** The extension of RFC 9849, and those of its drafts: ESNI, and numbers before the last. */
    private static final Set<Integer> ENCRYPTED =
            Set.of(0xfe0d, 0xffce, 0xfe02, 0xfe03, 0xfe08, 0xfe09, 0xfe0a, 0xfe0b, 0xfe0c);

    private final ByteBuffer bytes;

    private HelloReader(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    static ClientHello read(ByteBuffer received) {
        Optional<TlsVerdict> wrong = wrongSoFar(received);
        if (wrong.isPresent()) {
            return new Refused(wrong.get());
        }
        if (!isWhole(received)) {
            return new Incomplete();
        }
        try {
            return ofMessage(received).serverName();
        } catch (MalformedException malformed) {
            return new Refused(TlsVerdict.MALFORMED);
        }
    }

    /** As soon as a byte can be judged it is. */
    private static Optional<TlsVerdict> wrongSoFar(ByteBuffer received) {
        int begin = received.position();
        int count = received.remaining();
        if ((count > 0 && received.get(begin) != HANDSHAKE_RECORD) || (count > 1 && received.get(begin + 1) != 3)) {
            return Optional.of(TlsVerdict.NOT_TLS);
        }
        // The record's version is that of TLS 1.0 to 1.2, whatever the client can do.
        if (count > 2 && (received.get(begin + 2) < 1 || received.get(begin + 2) > 3)) {
            return Optional.of(TlsVerdict.NOT_TLS);
        }
        if (count < HEADER) {
            return Optional.empty();
        }
        int length = recordLength(received);
        if (length == 0
                || length > LONGEST_RECORD
                || (count > HEADER && received.get(begin + HEADER) != CLIENT_HELLO)) {
            return Optional.of(TlsVerdict.MALFORMED);
        }
        if (length < MESSAGE_HEADER) {
            return Optional.of(TlsVerdict.SPLIT);
        }
        if (count < HEADER + MESSAGE_HEADER) {
            return Optional.empty();
        }
        int message = received.getInt(begin + HEADER) & 0xffffff;
        if (message > length - MESSAGE_HEADER) {
            return Optional.of(TlsVerdict.SPLIT);
        }
        return message < length - MESSAGE_HEADER ? Optional.of(TlsVerdict.MALFORMED) : Optional.empty();
    }

    private static boolean isWhole(ByteBuffer received) {
        return received.remaining() >= HEADER && received.remaining() >= HEADER + recordLength(received);
    }

    private static int recordLength(ByteBuffer received) {
        return Short.toUnsignedInt(received.getShort(received.position() + HEADER - 2));
    }

    private static HelloReader ofMessage(ByteBuffer received) {
        return new HelloReader(
                received.slice(received.position() + HEADER + MESSAGE_HEADER, recordLength(received) - MESSAGE_HEADER));
    }

    private ClientHello serverName() throws MalformedException {
        int version = number(2);
        require(version >= 0x0301 && version <= 0x0303);
        part(RANDOM);
        require(list(1).bytes.remaining() <= LONGEST_SESSION);
        int suites = list(2).bytes.remaining();
        require(suites >= 2 && suites % 2 == 0);
        require(list(1).bytes.hasRemaining());
        if (!bytes.hasRemaining()) {
            return new Refused(TlsVerdict.NO_SERVER_NAME);
        }
        HelloReader extensions = list(2);
        require(!bytes.hasRemaining());
        return extensions.serverNameOfExtensions();
    }

    private ClientHello serverNameOfExtensions() throws MalformedException {
        Optional<String> name = Optional.empty();
        boolean encrypted = false;
        Set<Integer> seen = new HashSet<>();
        while (bytes.hasRemaining()) {
            int type = number(2);
            HelloReader content = list(2);
            require(seen.add(type));
            encrypted |= ENCRYPTED.contains(type);
            if (type == SERVER_NAME) {
                name = Optional.of(content.hostName());
            }
        }
        if (encrypted) {
            return new Refused(TlsVerdict.ENCRYPTED_HELLO);
        }
        return name.isPresent() ? new Named(name.get()) : new Refused(TlsVerdict.NO_SERVER_NAME);
    }

    /** The list has one name of each type at most, and there is only one type. */
    private String hostName() throws MalformedException {
        HelloReader names = list(2);
        require(!bytes.hasRemaining());
        require(names.number(1) == HOST_NAME);
        HelloReader name = names.list(2);
        require(!names.bytes.hasRemaining() && name.bytes.hasRemaining());
        require(name.bytes.remaining() <= LONGEST_NAME);
        byte[] text = new byte[name.bytes.remaining()];
        name.bytes.get(text);
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    /** What a length of so many bytes stands before. */
    private HelloReader list(int lengthBytes) throws MalformedException {
        return part(number(lengthBytes));
    }

    private HelloReader part(int length) throws MalformedException {
        require(bytes.remaining() >= length);
        HelloReader part = new HelloReader(bytes.slice(bytes.position(), length));
        bytes.position(bytes.position() + length);
        return part;
    }

    private int number(int count) throws MalformedException {
        require(bytes.remaining() >= count);
        int number = 0;
        for (int i = 0; i < count; i++) {
            number = (number << 8) | Byte.toUnsignedInt(bytes.get());
        }
        return number;
    }

    private static void require(boolean right) throws MalformedException {
        if (!right) {
            throw new MalformedException();
        }
    }

    /** Something isn't where it has to be. */
    private static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException() {
            super("malformed", null, false, false);
        }
    }
}
