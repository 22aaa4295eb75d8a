package dev.agentcontainers.egressproxy.tls;

import static dev.agentcontainers.egressproxy.Hellos.extension;
import static dev.agentcontainers.egressproxy.Hellos.hostName;
import static dev.agentcontainers.egressproxy.Hellos.join;
import static dev.agentcontainers.egressproxy.Hellos.message;
import static dev.agentcontainers.egressproxy.Hellos.named;
import static dev.agentcontainers.egressproxy.Hellos.record;
import static dev.agentcontainers.egressproxy.Hellos.serverName;
import static dev.agentcontainers.egressproxy.Hellos.serverNames;
import static dev.agentcontainers.egressproxy.Hellos.vector;
import static dev.agentcontainers.egressproxy.Hellos.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import dev.agentcontainers.egressproxy.Hellos;
import dev.agentcontainers.egressproxy.tls.ClientHello.Incomplete;
import dev.agentcontainers.egressproxy.tls.ClientHello.Named;
import dev.agentcontainers.egressproxy.tls.ClientHello.Refused;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientHelloTest {
    private static final String NAME = "www.example.org";

    private static ClientHello read(byte[] bytes) {
        return ClientHello.read(ByteBuffer.wrap(bytes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2", "TLSv1.3 TLSv1.2"})
    void theJdksAreUnderstood(String protocols) throws Exception {
        assertThat(read(Hellos.ofJdk(NAME, protocols.split(" ")))).isEqualTo(new Named(NAME));
    }

    /** In however many packets it comes. */
    @Test
    void everyBeginningIsIncomplete() throws Exception {
        for (byte[] whole : new byte[][] {Hellos.ofJdk(NAME, "TLSv1.3"), named(NAME)}) {
            for (int length = 0; length < whole.length; length++) {
                assertThat(read(Arrays.copyOf(whole, length)))
                        .as("%d of %d bytes", length, whole.length)
                        .isEqualTo(new Incomplete());
            }
            assertThat(read(whole)).isEqualTo(new Named(NAME));
        }
    }

    @Test
    void aLongOneIsUnderstood() {
        assertThat(read(named(NAME, extension(51, new byte[1500]), extension(21, new byte[14_000]))))
                .isEqualTo(new Named(NAME));
    }

    @Test
    void whatFollowsInRecordsOfItsOwnIsNotLookedAt() {
        assertThat(read(join(named(NAME), new byte[] {20, 3, 3, 0, 1, 1}, new byte[] {23, 3, 3, 0, 1, 9})))
                .isEqualTo(new Named(NAME));
    }

    @Test
    void theBufferStaysAsItIs() {
        ByteBuffer buffer = ByteBuffer.wrap(join(new byte[7], named(NAME)));
        buffer.position(7);

        assertThat(ClientHello.read(buffer)).isEqualTo(new Named(NAME));
        assertThat(buffer.position()).isEqualTo(7);
        assertThat(ClientHello.read(buffer)).isEqualTo(new Named(NAME));
    }

    /** Names are compared elsewhere; here they come as they are. */
    @ParameterizedTest
    @ValueSource(
            strings = {"WWW.Example.ORG", "www.example.org.", "www.example.org\0.attacker.test", "\u00ff", "192.0.2.1"})
    void namesComeAsTheyAre(String name) {
        assertThat(read(named(name))).isEqualTo(new Named(name));
    }

    static Stream<Arguments> hostile() {
        byte[] good = message(vector(2, serverName(NAME)));
        byte[] whole = record(good);
        return Stream.of(
                refused("HTTP", TlsVerdict.NOT_TLS, "GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII)),
                refused("SSH", TlsVerdict.NOT_TLS, "SSH-2.0-x\r\n".getBytes(StandardCharsets.US_ASCII)),
                refused("SSL 2", TlsVerdict.NOT_TLS, new byte[] {(byte) 0x80, 46, 1, 3, 1, 0, 21}),
                refused("SSL 3", TlsVerdict.NOT_TLS, changed(whole, 2, 0)),
                refused("version 3.4 of the record", TlsVerdict.NOT_TLS, changed(whole, 2, 4)),
                refused("version 4", TlsVerdict.NOT_TLS, changed(whole, 1, 4)),
                refused("data first", TlsVerdict.NOT_TLS, changed(whole, 0, 23)),
                refused("an alert first", TlsVerdict.NOT_TLS, new byte[] {21, 3, 3, 0, 2, 1, 0}),
                refused("a change of cipher first", TlsVerdict.NOT_TLS, new byte[] {20, 3, 3, 0, 1, 1}),
                refused("one byte that is wrong", TlsVerdict.NOT_TLS, new byte[] {'G'}),
                refused("a ServerHello", TlsVerdict.MALFORMED, changed(whole, 5, 2)),
                refused("an empty record", TlsVerdict.MALFORMED, record(new byte[0])),
                refused("a record that is too long", TlsVerdict.MALFORMED, new byte[] {22, 3, 1, 0x40, 1}),
                refused("split after a byte", TlsVerdict.SPLIT, split(good, 1)),
                refused("split in the header", TlsVerdict.SPLIT, split(good, 3)),
                refused("split after the header", TlsVerdict.SPLIT, split(good, 4)),
                refused("split in the random", TlsVerdict.SPLIT, split(good, 20)),
                refused("split in the name", TlsVerdict.SPLIT, split(good, good.length - 8)),
                refused("split before the last byte", TlsVerdict.SPLIT, split(good, good.length - 1)),
                refused("two messages in a record", TlsVerdict.MALFORMED, record(join(good, good))),
                refused("a byte behind the message", TlsVerdict.MALFORMED, record(join(good, new byte[1]))),
                refused("version 2 inside", TlsVerdict.MALFORMED, changed(whole, 9, 2)),
                refused("version 3.4 inside", TlsVerdict.MALFORMED, changed(whole, 10, 4)),
                refused("a session that is too long", TlsVerdict.MALFORMED, changed(whole, 43, 33)),
                refused("a session beyond the end", TlsVerdict.MALFORMED, changed(whole, 43, 255)),
                refused("a name longer than any", TlsVerdict.MALFORMED, with(serverName("a".repeat(256)))),
                refused("no cipher suite", TlsVerdict.MALFORMED, changed(whole, 77, 0)),
                refused("no extensions", TlsVerdict.NO_SERVER_NAME, record(message(new byte[0]))),
                refused("an empty list of extensions", TlsVerdict.NO_SERVER_NAME, record(message(new byte[2]))),
                refused("no name", TlsVerdict.NO_SERVER_NAME, with()),
                refused("half a length of extensions", TlsVerdict.MALFORMED, record(message(new byte[1]))),
                refused("extensions beyond the end", TlsVerdict.MALFORMED, record(message(new byte[] {0, 9, 0, 0}))),
                refused(
                        "a byte behind the extensions",
                        TlsVerdict.MALFORMED,
                        record(message(join(vector(2, serverName(NAME)), new byte[1])))),
                refused("an extension beyond the end", TlsVerdict.MALFORMED, with(new byte[] {0, 0, 0x7f, 0})),
                refused("the extension twice", TlsVerdict.MALFORMED, with(serverName(NAME), serverName(NAME))),
                refused(
                        "the extension twice, with other names",
                        TlsVerdict.MALFORMED,
                        with(serverName(NAME), serverName("attacker.test"))),
                refused(
                        "another extension twice",
                        TlsVerdict.MALFORMED,
                        named(NAME, extension(21, new byte[1]), extension(21, new byte[1]))),
                refused(
                        "two names",
                        TlsVerdict.MALFORMED,
                        with(serverNames(hostName(NAME), hostName("attacker.test")))),
                refused("no name in the list", TlsVerdict.MALFORMED, with(serverNames())),
                refused("an empty name", TlsVerdict.MALFORMED, with(serverName(""))),
                refused("an empty extension", TlsVerdict.MALFORMED, with(extension(0, new byte[0]))),
                refused(
                        "a name of another type",
                        TlsVerdict.MALFORMED,
                        with(serverNames(join(new byte[] {1}, vector(2, NAME.getBytes(StandardCharsets.US_ASCII)))))),
                refused(
                        "a byte behind the list",
                        TlsVerdict.MALFORMED,
                        with(extension(0, join(vector(2, hostName(NAME)), new byte[1])))),
                refused("a name beyond its list", TlsVerdict.MALFORMED, with(serverNames(new byte[] {0, 0, 9, 'a'}))),
                refused("ECH", TlsVerdict.ENCRYPTED_HELLO, named(NAME, extension(0xfe0d, new byte[200]))),
                refused(
                        "ECH before the name",
                        TlsVerdict.ENCRYPTED_HELLO,
                        with(extension(0xfe0d, new byte[9]), serverName(NAME))),
                refused("ECH without a name", TlsVerdict.ENCRYPTED_HELLO, with(extension(0xfe0d, new byte[9]))),
                refused("ECH inside", TlsVerdict.ENCRYPTED_HELLO, named(NAME, extension(0xfe0d, new byte[] {1}))),
                refused("ECH of a draft", TlsVerdict.ENCRYPTED_HELLO, named(NAME, extension(0xfe0a, new byte[9]))),
                refused("ESNI", TlsVerdict.ENCRYPTED_HELLO, named(NAME, extension(0xffce, new byte[9]))));
    }

    private static Arguments refused(String what, TlsVerdict verdict, byte[] bytes) {
        return argumentSet(what, verdict, bytes);
    }

    private static byte[] changed(byte[] bytes, int index, int value) {
        byte[] copy = bytes.clone();
        copy[index] = (byte) value;
        return copy;
    }

    private static byte[] split(byte[] message, int at) {
        return join(record(Arrays.copyOf(message, at)), record(Arrays.copyOfRange(message, at, message.length)));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void theHostileAreRefused(TlsVerdict verdict, byte[] bytes) {
        assertThat(read(bytes)).isEqualTo(new Refused(verdict));
    }

    /** Whatever comes, there is an answer. */
    @Test
    void noByteMakesItFail() throws Exception {
        Random random = new Random(7);
        byte[] real = Hellos.ofJdk(NAME, "TLSv1.3", "TLSv1.2");
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = Arrays.copyOf(real, 1 + random.nextInt(real.length));
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            assertThat(read(bytes)).isNotNull();
        }
    }
}
