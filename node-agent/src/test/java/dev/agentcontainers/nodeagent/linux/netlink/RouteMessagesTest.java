package dev.agentcontainers.nodeagent.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.agentcontainers.nodeagent.linux.netlink.Links.End;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class RouteMessagesTest {
    private static final Ipv4 ADDRESS = Ipv4.parse("100.80.4.2");

    @Test
    void aPairIsMadeWithItsOtherEndInAnotherNamespace() {
        MacAddress here = MacAddress.derived(3, ADDRESS);
        MacAddress there = MacAddress.derived(4, ADDRESS);
        NetlinkMessage message = Links.createPair(
                new End("ac0123456789", here, OptionalInt.empty()), new End("eth0", there, OptionalInt.of(17)), 1500);

        assertThat(message.type()).isEqualTo(16);
        assertThat(message.flags()).isEqualTo(0x605);
        Attributes attributes = new Attributes(message.payload(), 16);
        assertThat(attributes.text(3)).contains("ac0123456789");
        assertThat(attributes.bytes(28)).as("namespace of this end").isEmpty();
        Attributes info = attributes.nested(18).orElseThrow();
        assertThat(info.text(1)).contains("veth");
        byte[] peer = info.nested(2).flatMap(data -> data.bytes(1)).orElseThrow();
        assertThat(new Attributes(peer, 16).text(3)).contains("eth0");
        assertThat(new Attributes(peer, 16).integer(28)).contains(17);
        assertThat(new Attributes(peer, 16).bytes(1)).contains(there.bytes());
    }

    @Test
    void derivedEthernetAddressesAreLocalUnicastAndDiffer() {
        byte[] one = MacAddress.derived(3, ADDRESS).bytes();
        assertThat(HexFormat.of().formatHex(one)).isEqualTo("0eac64500402");
        assertThat(one[0] & 3).isEqualTo(2);
        assertThat(one).isNotEqualTo(MacAddress.derived(4, ADDRESS).bytes());
    }

    @Test
    void theDefaultRouteHasNoDestination() {
        NetlinkMessage message = Routes.via(Ipv4Network.parse("0.0.0.0/0"), Ipv4.parse("169.254.1.1"), 2);
        Attributes attributes = new Attributes(message.payload(), 12);
        assertThat(attributes.bytes(1)).isEmpty();
        assertThat(attributes.bytes(5))
                .hasValueSatisfying(gateway -> assertThat(Ipv4.of(gateway)).hasToString("169.254.1.1"));
        assertThat(ByteBuffer.wrap(message.payload())
                        .order(ByteOrder.nativeOrder())
                        .getInt(8))
                .as("onlink")
                .isEqualTo(4);
    }

    @Test
    void anInterfaceThatIsNotThereIsNotAnError() throws NetlinkException {
        String question = "look up the interface ac0";
        assertThat(Links.find(new RecordingNetlink().refuse(question, NetlinkException.ENODEV), "ac0"))
                .isEmpty();
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> Links.find(new RecordingNetlink().refuse(question, 1), "ac0"))
                .withMessageContaining(question);
    }

    @Test
    void onlyConnectionsOfTheAddressAreForgotten() throws NetlinkException {
        RecordingNetlink socket = new RecordingNetlink()
                .reply(connection("100.80.4.2", "10.0.0.1"))
                .reply(connection("100.80.4.3", "10.0.0.1"))
                .reply(connection("10.0.0.9", "100.80.4.2"));

        TrackedConnections.forget(socket, ADDRESS);

        assertThat(socket.executed()).hasSize(2).allMatch(message -> message.type() == 0x102);
        assertThat(socket.executed().getFirst().payload())
                .isEqualTo(connection("100.80.4.2", "10.0.0.1").payload());
    }

    private static NetlinkMessage connection(String source, String destination) {
        return new NetlinkMessage(
                "",
                0x100,
                0,
                new Payload()
                        .intValue(2)
                        .nested(
                                1,
                                tuple -> tuple.nested(
                                        1,
                                        ip -> ip.attribute(1, Ipv4.parse(source).bytes())
                                                .attribute(
                                                        2,
                                                        Ipv4.parse(destination).bytes())))
                        .toBytes());
    }
}
