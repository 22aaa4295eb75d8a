package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The fence's pure parts: addresses, names, sets. */
class FencePlanTest {
    private static final AddressPlan PLAN = plan("100.80.4.0/28", "100.80.0.0/12");

    @Test
    void theUplinkHasTheFirstUsableAddressAndAgentsTheOthers() {
        assertThat(PLAN.uplink()).hasToString("100.80.4.1");
        AddressPool pool = new AddressPool(PLAN, Set.of());
        Set<Ipv4> taken = new HashSet<>();
        for (int i = 0; i < 13; i++) {
            taken.add(pool.take().orElseThrow());
        }
        assertThat(taken)
                .hasSize(13)
                .contains(Ipv4.parse("100.80.4.2"), Ipv4.parse("100.80.4.14"))
                .doesNotContain(Ipv4.parse("100.80.4.0"), PLAN.uplink(), Ipv4.parse("100.80.4.15"));
        assertThat(pool.take()).isEmpty();
        pool.giveBack(Ipv4.parse("100.80.4.9"));
        assertThat(pool.take()).contains(Ipv4.parse("100.80.4.9"));
    }

    @Test
    void anAddressThatWasGivenBackIsUsedAgainLast() {
        AddressPool pool = new AddressPool(PLAN, Set.of());
        Ipv4 first = pool.take().orElseThrow();
        pool.giveBack(first);
        for (int i = 0; i < 12; i++) {
            assertThat(pool.take()).isPresent().isNotEqualTo(Optional.of(first));
        }
        assertThat(pool.take()).contains(first);
    }

    @Test
    void theAddressThatWasGivenBackLongestAgoComesFirst() {
        AddressPool pool = new AddressPool(PLAN, Set.of());
        for (int i = 0; i < 13; i++) {
            pool.take();
        }
        List<Ipv4> gone = List.of(Ipv4.parse("100.80.4.9"), Ipv4.parse("100.80.4.3"), Ipv4.parse("100.80.4.12"));
        gone.forEach(pool::giveBack);
        pool.giveBack(gone.getFirst());
        gone.forEach(address -> assertThat(pool.take()).contains(address));
        assertThat(pool.take()).isEmpty();
    }

    @Test
    void addressesInTheKernelAreNotGivenAgain() {
        AddressPool pool = new AddressPool(PLAN, List.of(Ipv4.parse("100.80.4.2"), Ipv4.parse("100.80.4.14")));
        assertThat(pool.take()).contains(Ipv4.parse("100.80.4.3"));
    }

    @ParameterizedTest
    @CsvSource({
        "100.80.4.0/29, 100.80.0.0/12, agentCidr 100.80.4.0/29 must have a prefix of 16 to 28",
        "100.80.0.0/12, 100.80.0.0/12, agentCidr 100.80.0.0/12 must have a prefix of 16 to 28",
        "100.80.4.1/24, 100.80.0.0/12, write 100.80.4.0/24",
        "100.80.4.0/24, fd00::/8, fleetCidr 'fd00::/8' must be an IPv4 range",
    })
    void wrongRanges(String agents, String fleet, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plan(agents, fleet))
                .withMessageContaining(message);
    }

    @Test
    void neverAllowedRangesAreMergedAndDisjoint() {
        NeverAllowed never = NeverAllowed.of(
                List.of("10.0.0.0/9", "10.128.0.0/9", "10.5.0.1", "fd00::/8"),
                List.of(Ipv4.parse("192.168.7.1"), Ipv4.parse("127.0.0.1")));

        assertThat(never.ranges())
                .contains(
                        new NeverAllowed.Range(Ipv4.parse("10.0.0.0"), Ipv4.parse("10.255.255.255")),
                        new NeverAllowed.Range(Ipv4.parse("127.0.0.0"), Ipv4.parse("127.255.255.255")),
                        new NeverAllowed.Range(Ipv4.parse("169.254.0.0"), Ipv4.parse("169.254.255.255")),
                        new NeverAllowed.Range(Ipv4.parse("192.168.7.1"), Ipv4.parse("192.168.7.1")));
        for (int i = 1; i < never.ranges().size(); i++) {
            assertThat(never.ranges().get(i).first().number())
                    .isGreaterThan(never.ranges().get(i - 1).last().number() + 1);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NeverAllowed.of(List.of("10.0.0.0/99"), List.of()))
                .withMessageContaining("neverAllowed '10.0.0.0/99'");
    }

    @Test
    void elementsAreReadAsBoxes() {
        assertThat(AllowedBox.of(
                        element("0a140000" + "06000000" + "1f900000", "0a14ffff" + "06000000" + "1f9a0000"), false))
                .isEqualTo(Groups.allow("10.20.0.0/16", Protocol.TCP, 8080, 8090));
        assertThat(AllowedBox.of(
                        element("00000000" + "84000000" + "00010000", "ffffffff" + "84000000" + "ffff0000"), false))
                .isEqualTo(Groups.allow("0.0.0.0/0", Protocol.SCTP, 1, 65535));
        assertThat(AllowedBox.of(
                        element("0a140001" + "11000000" + "00350000", "0a140001" + "11000000" + "00350000"), false))
                .isEqualTo(Groups.allow("10.20.0.1/32", Protocol.UDP, 53, 53));
    }

    @Test
    void elementsThatAreNoBoxesAreRefused() {
        org.assertj.core.api.Assertions.assertThatIllegalStateException()
                .isThrownBy(() -> AllowedBox.of(
                        element("0a140001" + "06000000" + "00350000", "0a140002" + "06000000" + "00350000"), false))
                .withMessageContaining("10.20.0.1-10.20.0.2 is not a CIDR");
    }

    @Test
    void setNumbersGoOnAfterThoseInTheKernel() {
        SetNames names = new SetNames(List.of("sources", "never_7", "a4_some-group_12", "a6_x_3", "n_g_0af9_9"));
        assertThat(names.never()).isEqualTo("never_13");
        assertThat(names.boxes(SetNames.Kind.EGRESS_IPV4, "g")).isEqualTo("a4_g_14");
        assertThat(names.boxes(SetNames.Kind.INGRESS_IPV6, "g")).isEqualTo("i6_g_15");
        String set = names.names(SetNames.Kind.NAMES, "a-group", "0af9");
        assertThat(set).isEqualTo("n_a-group_0af9_16");
        assertThat(SetNames.digest(set)).isEqualTo("0af9");
    }

    @Test
    void aPortKeepsItsMarkUntilANameThatHasItIsTakenBack() {
        AllowedName first = Groups.name("a.example", Protocol.TCP, 443);
        AllowedName second = Groups.name("b.example", Protocol.TCP, 443);
        AllowedName other = Groups.name("a.example", Protocol.UDP, 443);
        NamedPort tcp = new NamedPort(Protocol.TCP, 443);
        NamedPort udp = new NamedPort(Protocol.UDP, 443);

        NameMarks marks = NameMarks.NONE.with(List.of(first, other), Optional.of(List.of()), 1);
        assertThat(marks.byPort()).isEqualTo(Map.of(tcp, 1, udp, 1));
        NameMarks more = marks.with(List.of(first, second, other), Optional.of(List.of(first, other)), 2);
        assertThat(more).isEqualTo(marks);
        NameMarks less = more.with(List.of(first, other), Optional.of(List.of(first, second, other)), 3);
        assertThat(less.byPort()).isEqualTo(Map.of(tcp, 3, udp, 1));
        assertThat(less.with(List.of(first), Optional.of(List.of(first, other)), 4)
                        .byPort())
                .isEqualTo(Map.of(tcp, 3));
        assertThat(less.with(List.of(first, other), Optional.empty(), 5).byPort())
                .as("names that nobody knows any more may have been others")
                .isEqualTo(Map.of(tcp, 5, udp, 5));
    }

    /** Flows that have become QUIC are not told from others. */
    @Test
    void aPortGetsAnotherMarkWhereQuicIsTakenBack() {
        AllowedName closed = Groups.name("a.example", Protocol.UDP, 4000);
        AllowedName kept = Groups.name("a.example", Protocol.UDP, 4001);
        NamedPort port = new NamedPort(Protocol.UDP, 4000);
        NamedPort other = new NamedPort(Protocol.UDP, 4001);
        List<AllowedName> names = List.of(closed, kept);

        NameMarks marks = NameMarks.NONE.with(names, Optional.of(List.of()), 1);

        assertThat(marks.without(Set.of(port))
                        .with(names, Optional.of(names), 2)
                        .byPort())
                .isEqualTo(Map.of(port, 2, other, 1));
        assertThat(marks.without(Set.of()).with(names, Optional.of(names), 2)).isEqualTo(marks);
    }

    @Test
    void interfaceNamesFit() {
        assertThat(Names.agentInterface(new SandboxId("a".repeat(63))))
                .hasSizeLessThan(16)
                .startsWith("ac");
        LinuxFenceSettings settings = new LinuxFenceSettings(
                "a".repeat(40), Optional.empty(), Path.of("/run/netns"), Path.of("/run/agentcontainers"), 1500);
        assertThat(settings.hostInterface()).hasSizeLessThan(16).startsWith("acu-");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LinuxFenceSettings(
                        "../x", Optional.empty(), Path.of("/run/netns"), Path.of("/run/agentcontainers"), 1500))
                .withMessageContaining("fence name '../x'");
    }

    private static Element element(String first, String last) {
        return new Element(
                HexFormat.of().parseHex(first),
                HexFormat.of().parseHex(last),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    private static AddressPlan plan(String agents, String fleet) {
        return AddressPlan.of(new FenceSettings(agents, fleet, List.of()));
    }
}
