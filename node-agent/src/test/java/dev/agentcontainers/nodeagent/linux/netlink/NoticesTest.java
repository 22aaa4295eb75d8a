package dev.agentcontainers.nodeagent.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnection.Kind;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnection.Volume;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages as the kernel lays them out: uapi/linux/netfilter/nfnetlink_conntrack.h and nfnetlink_log.h. */
class NoticesTest {
    private static final int NEW = 0x100;
    private static final int DELETE = 0x102;
    private static final int LOGGED = 0x400;

    private static byte[] port(int port) {
        return ByteBuffer.allocate(2).putShort((short) port).array();
    }

    private static Payload header() {
        return new Payload().intValue(2);
    }

    private static Payload connection(int id, int protocol, int state) {
        return header().nested(
                        1,
                        tuple -> tuple.nested(
                                        1,
                                        ip -> ip.attribute(
                                                        1,
                                                        Ipv4.parse("100.80.4.2").bytes())
                                                .attribute(
                                                        2,
                                                        Ipv4.parse("192.0.2.10").bytes()))
                                .nested(
                                        2,
                                        its -> its.attributeByte(1, protocol)
                                                .attribute(2, port(40000))
                                                .attribute(3, port(60443))))
                .nested(4, info -> info.nested(1, tcp -> tcp.attributeByte(1, state)))
                .nested(9, counters -> counters.attributeBigEndian(1, 3L).attributeBigEndian(2, 180L))
                .attributeBigEndian(12, id)
                .nested(20, times -> times.attributeBigEndian(1, 1_700_000_000_000_000_000L));
    }

    private static NetlinkMessage notice(int type, int flags, Payload payload) {
        return new NetlinkMessage("", type, flags, payload.toBytes());
    }

    @ParameterizedTest
    @CsvSource({"256, 0x400, BEGUN", "256, 0, SHOWN", "258, 0, ENDED"})
    void aConnectionIsReadWhole(int type, String flags, Kind kind) {
        TrackedConnection read = TrackedConnection.of(notice(type, Integer.decode(flags), connection(-5, 6, 3)))
                .orElseThrow();

        assertThat(read.kind()).isEqualTo(kind);
        assertThat(read.id()).isEqualTo(-5);
        assertThat(read.protocol()).isEqualTo(6);
        assertThat(read.source() + ":" + read.sourcePort()).isEqualTo("100.80.4.2:40000");
        assertThat(read.destination() + ":" + read.destinationPort()).isEqualTo("192.0.2.10:60443");
        assertThat(read.tcpState()).contains(3);
        assertThat(read.isOver()).isFalse();
        assertThat(read.sent()).contains(new Volume(3, 180));
        assertThat(read.received()).as("not said").isEmpty();
        assertThat(read.begun()).contains(1_700_000_000_000_000_000L);
    }

    @Test
    void whatIsRememberedOfAClosedOneIsOver() {
        assertThat(List.of(6, 7, 8).stream()
                        .map(state -> TrackedConnection.of(notice(NEW, 0, connection(1, 6, state)))
                                .orElseThrow()
                                .isOver()))
                .containsExactly(false, true, true);
    }

    @Test
    void whatHasNoTupleAndWhatIsSomethingElseIsNone() {
        assertThat(TrackedConnection.of(notice(NEW, 0, header().attributeBigEndian(12, 1))))
                .isEmpty();
        assertThat(TrackedConnection.of(notice(DELETE, 0, header().nested(1, tuple -> {}))))
                .isEmpty();
        assertThat(TrackedConnection.of(notice(0x101, 0, connection(1, 6, 3)))).isEmpty();
    }

    @Test
    void anAttributeThatIsLongerThanItsMessageIsNotUnderstood() {
        byte[] bytes = connection(1, 6, 3).toBytes();
        bytes[4] = (byte) 0xff;
        bytes[5] = (byte) 0x7f;
        assertThatThrownBy(() -> TrackedConnection.of(new NetlinkMessage("", NEW, 0, bytes)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aConnectionIsAskedForAgainByItsTupleAndKnownByItsNumber() throws NetlinkException {
        TrackedConnection read =
                TrackedConnection.of(notice(NEW, 0, connection(7, 17, 0))).orElseThrow();

        assertThat(read.now(new RecordingNetlink().reply(notice(NEW, 0, connection(7, 17, 0))))
                        .map(TrackedConnection::id))
                .contains(7);
        assertThat(read.now(new RecordingNetlink().reply(notice(NEW, 0, connection(8, 17, 0)))))
                .as("another one between the same ends")
                .isEmpty();
        assertThat(read.now(new RecordingNetlink().refuse("look up a connection", NetlinkException.ENOENT)))
                .as("gone")
                .isEmpty();
    }

    @Test
    void aLoggedPacketIsRead() {
        byte[] packet = {0x45, 1, 2};
        LoggedPacket read = LoggedPacket.of(notice(
                        LOGGED,
                        0,
                        header().attributeBigEndian(4, 11)
                                .attributeBigEndian(5, 12)
                                .attribute(9, packet)
                                .attribute(10, "e")))
                .orElseThrow();

        assertThat(read.prefix()).isEqualTo("e");
        assertThat(read.incoming()).isEqualTo(11);
        assertThat(read.outgoing()).isEqualTo(12);
        assertThat(read.packet()).isEqualTo(packet);
    }

    @Test
    void aLoggedPacketMayLackEverything() {
        LoggedPacket read = LoggedPacket.of(notice(LOGGED, 0, header())).orElseThrow();

        assertThat(read.prefix()).isEmpty();
        assertThat(read.incoming() + read.outgoing()).isZero();
        assertThat(read.packet()).isEmpty();
        assertThat(LoggedPacket.of(notice(NEW, 0, header()))).isEqualTo(Optional.empty());
    }

    @Test
    void aGroupIsBoundBeforeItIsSaidHowMuchIsWanted() {
        assertThat(LoggedPacket.subscription(5))
                .extracting(NetlinkMessage::type)
                .containsExactly(0x401, 0x401);
        byte[] bind = LoggedPacket.subscription(5).getFirst().payload();
        assertThat(ByteBuffer.wrap(bind).getShort(2)).as("the group").isEqualTo((short) 5);
        assertThat(new Attributes(bind, 4).bytes(1))
                .as("bind")
                .hasValueSatisfying(value -> assertThat(value).containsExactly(1));
    }
}
