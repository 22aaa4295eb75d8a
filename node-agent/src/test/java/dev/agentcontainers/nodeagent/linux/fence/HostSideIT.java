package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.egress.FenceUpkeep;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a fence needs of the host and changes there: guard, forwarding, translation; and what others do to it. */
@Tag("node")
class HostSideIT {
    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.WIDE));
        agent = machine.agent();
        fence.attach(agent.id(), agent.network(), "wide");
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            if (agent != null) {
                agent.close();
            }
            fence.destroy();
            machine.close();
        }
    }

    @Test
    void aFenceThatNobodyDisturbedIsSound() throws SandboxException {
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    /** Without nftables, without the fence's list of addresses and without any process. */
    @Test
    void theGuardAloneKeepsTheNodesOwnServicesFromAgents() throws Exception {
        TestRights.assumeGuarded();
        fence.close();
        machine.onHost("nft flush ruleset; ip addr add 10.77.0.1/32 dev lo");
        machine.onHost("nft add table ip t; nft add chain ip t o { type nat hook postrouting priority 100\\; };"
                + " nft add rule ip t o ip saddr 100.80.4.0/24 masquerade");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp("10.77.0.1", PORT)).contains("timed out");
        // The test can fail: without the guard the service is reached.
        machine.onHost("tc qdisc del dev " + machine.settings().hostInterface() + " clsact");
        assertThat(agent.tcp("10.77.0.1", PORT)).isEqualTo("ok");

        fence.open(Machine.fenceSettings());
        assertThat(agent.tcp("10.77.0.1", PORT)).contains("No route to host");
    }

    @Test
    void whatTheHostTranslatesToItselfIsNotReached() {
        machine.onHost("nft add table ip t; nft add chain ip t d { type nat hook prerouting priority -100\\; };"
                + " nft add rule ip t d ip daddr 10.20.0.77 tcp dport 8080 dnat to " + HOST + ":8080");
        assertThat(agent.tcp("10.20.0.77", PORT)).contains("timed out");
        machine.onHost("nft flush chain ip " + machine.settings().hostTable() + " delivered");
        assertThat(agent.tcp("10.20.0.77", PORT)).isEqualTo("ok");
    }

    @Test
    void whatOthersChangedIsNamedAndPutRight() throws SandboxException {
        TestRights.assumeGuarded();
        machine.onHost("nft flush ruleset; ip route flush 100.80.4.0/24; sysctl -qw net.ipv4.conf.up0.forwarding=0;"
                + " ip addr add 10.77.0.1/32 dev lo; tc qdisc del dev "
                + machine.settings().hostInterface() + " clsact");
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");

        assertThat(fence.repair().repaired())
                .anyMatch(what -> what.contains("addresses"))
                .anyMatch(what -> what.contains("table " + machine.settings().hostTable()))
                .anyMatch(what -> what.contains("no route to 100.80.4.0/24"))
                .anyMatch(what -> what.contains("forwarding"))
                .anyMatch(what -> what.contains("guard"))
                .hasSize(5);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    @Test
    void disturbancesAreNoticedAtOnceAndOwnRepairsAreNone() throws Exception {
        AtomicInteger disturbances = new AtomicInteger();
        fence.onDisturbance(disturbances::incrementAndGet);
        fence.repair();
        machine.onHost("ip addr add 10.77.0.1/32 dev lo");
        await().atMost(Duration.ofSeconds(20)).until(() -> disturbances.get() > 0);
        for (String change : List.of(
                "nft flush ruleset",
                "ip route flush 100.80.4.0/24",
                "sysctl -qw net.ipv4.conf.up0.forwarding=0",
                "ip link set " + machine.settings().hostInterface() + " down")) {
            fence.repair();
            await().pollDelay(Duration.ofMillis(500)).until(() -> true);
            int before = disturbances.get();
            fence.repair();
            machine.onHost(change);
            await(change).atMost(Duration.ofSeconds(20)).until(() -> disturbances.get() > before);
        }
        fence.repair();
        await().pollDelay(Duration.ofMillis(500)).until(() -> true);
        int quiet = disturbances.get();
        fence.repair();
        fence.repair();
        await().pollDelay(Duration.ofMillis(500)).until(() -> true);
        assertThat(disturbances).hasValue(quiet);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    /** As in a node agent: nobody calls for it. */
    @Test
    void upkeepPutsRightWhatAFlushAndANewAddressLeft() throws Exception {
        try (FenceUpkeep upkeep = new FenceUpkeep(fence).start()) {
            machine.onHost("nft flush ruleset; ip addr add 10.77.0.1/32 dev lo");
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () -> assertThat(agent.tcp("10.77.0.1", PORT)).contains("No route to host"));
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok"));
            assertThat(upkeep.warnings()).isEmpty();
        }
    }

    @Test
    void aHostThatFailsDoesNotKeepARuleFromBeingTakenBack() throws Exception {
        String table = machine.settings().hostTable();
        machine.onHost("nft delete table ip " + table);
        Process owner = new ProcessBuilder(
                        "nsenter", "--net=" + machine.settings().hostNamespace().orElseThrow(), "nft", "--interactive")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (Writer commands = owner.outputWriter()) {
            commands.write("add table ip " + table + " { flags owner; }\n");
            commands.flush();
            await().until(() -> machine.onHost("nft list tables").contains(table));
            assertThatExceptionOfType(SandboxException.class)
                    .isThrownBy(fence::repair)
                    .withMessageContaining("nftables");
            fence.apply(List.of(Groups.group("wide")));
            assertThat(machine.inFence("nft list sets").lines().filter(line -> line.contains("a4_wide")))
                    .hasSize(1);
            assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        } finally {
            owner.destroyForcibly().waitFor();
        }
    }

    /** Only answers to them are, which the host knows, and what comes from the fleet. */
    @Test
    void agentsOwnAddressesAreNotReachedFromOutside() {
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        machine.onServers("ip route add 100.80.4.0/24 via " + HOST);
        String received = "cat /sys/class/net/uplink/statistics/rx_packets";
        String before = machine.inFence(received);
        String send = "bash -c 'for port in 9 8080; do echo x >/dev/udp/100.80.4.2/$port; done'";
        machine.onServers(send);
        assertThat(machine.inFence(received)).isEqualTo(before);
        // The test can fail: the fence would have to refuse it.
        machine.onHost("nft flush chain ip " + machine.settings().hostTable() + " forwarded");
        machine.onServers(send);
        await().untilAsserted(() -> assertThat(machine.inFence(received)).isNotEqualTo(before));
    }

    @Test
    void addressesThatComeAreClosed() throws SandboxException {
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        fence.neverAllow(List.of("203.0.113.0/24", ALLOWED));
        assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        assertThatExceptionOfType(SandboxException.class)
                .isThrownBy(() -> fence.neverAllow(List.of("not-an-address")))
                .withMessageContaining("neverAllowed 'not-an-address'");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        fence.neverAllow(List.of());
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void aFirewallThatDropsForwardedPacketsIsReportedWithItsRemedy() throws SandboxException {
        String uplink = machine.settings().hostInterface();
        machine.onHost("nft add table ip filter;"
                + " nft add chain ip filter FORWARD { type filter hook forward priority 0\\; policy drop\\; };"
                + " nft add chain ip filter DOCKER-USER; nft add rule ip filter FORWARD jump DOCKER-USER");
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
        assertThat(fence.repair().warnings())
                .singleElement()
                .asString()
                .contains("chain FORWARD of table ip filter")
                .contains("iptables -I DOCKER-USER -i " + uplink + " -j ACCEPT");
        // What the command does.
        machine.onHost("nft insert rule ip filter DOCKER-USER iifname " + uplink + " counter accept;"
                + " nft insert rule ip filter DOCKER-USER oifname " + uplink
                + " ct state established,related counter accept");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(fence.repair().warnings()).isEmpty();
    }

    @Test
    void aFirewallWhoseLastRuleRefusesIsReportedToo() throws SandboxException {
        machine.onHost("nft add table inet firewalld;"
                + " nft add chain inet firewalld filter_FORWARD { type filter hook forward priority 10\\; };"
                + " nft add rule inet firewalld filter_FORWARD ct state established accept;"
                + " nft add rule inet firewalld filter_FORWARD reject with icmpx admin-prohibited");
        assertThat(fence.repair().warnings())
                .singleElement()
                .asString()
                .contains("firewall-cmd --permanent --zone=trusted --add-interface=");
    }

    /** Two interfaces of the host between which nothing passed before there was a fence. */
    @Test
    void theHostForwardsForAgentsOnly() {
        machine.onHost("ip link add lan0 type veth peer name lan1; ip link set lan1 up;"
                + " sysctl -qw net.ipv6.conf.lan0.disable_ipv6=1;"
                + " ip addr add 10.55.0.1/24 dev lan0; ip link set lan0 up;"
                + " ip neigh add 10.55.0.9 lladdr 02:00:00:00:00:09 dev lan0");
        assertThat(machine.onHost("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/up0/forwarding"))
                .isEqualTo("0\n1\n");
        String send = "bash -c 'echo x >/dev/udp/10.55.0.9/9'";
        machine.onServers("ip route add 10.55.0.0/24 via " + HOST + "; " + send);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(machine.onHost("cat /sys/class/net/lan0/statistics/tx_packets"))
                .isEqualTo("0\n");
        // The test can fail: this is what forwarding at an interface would let pass.
        machine.onHost("nft flush chain ip " + machine.settings().hostTable() + " forwarded");
        machine.onServers(send);
        await().untilAsserted(() -> assertThat(machine.onHost("cat /sys/class/net/lan0/statistics/tx_packets"))
                .isEqualTo("1\n"));
    }

    @Test
    void nothingOnTheHostOutlivesANodeAgentWithoutAgents() throws Exception {
        assertThat(fence.destroyUnused()).as("with an agent").isFalse();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        fence.detach(agent.id());
        assertThat(fence.destroyUnused()).as("without").isTrue();
        assertThat(machine.onHost("nft list tables")).doesNotContain("agentcontainers");
        assertThat(machine.onHost("cat /proc/sys/net/ipv4/conf/up0/forwarding")).isEqualTo("0\n");
        assertThat(machine.onHost("ip -o link"))
                .doesNotContain(machine.settings().hostInterface());
        assertThat(Path.of("/run/netns", machine.settings().name())).doesNotExist();
        assertThat(machine.forwardingRecord()).doesNotExist();

        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.WIDE));
        fence.attach(agent.id(), agent.network(), "wide");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    /** As standalone runs that begin and end beside a node agent. */
    @Test
    void forwardingStaysForAFenceThatComesWhileOthersGo() throws Exception {
        TestRights.assumeGuarded();
        String forwarding = "cat /proc/sys/net/ipv4/conf/up0/forwarding";
        agent.close();
        fence.destroy();
        for (int round = 0; round < 5; round++) {
            List<LinuxFence> fences = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
                for (int place = 0; place < 3; place++) {
                    LinuxFence each = new LinuxFence(
                            new LinuxFenceSettings(
                                    machine.settings().name() + "-" + place,
                                    machine.settings().hostNamespace(),
                                    Path.of("/run/netns"),
                                    machine.settings().runDirectory(),
                                    1500),
                            FenceSystem.linux());
                    fences.add(each);
                    String cidr = "100.80." + (8 + place) + ".0/24";
                    threads.submit(() -> {
                        each.open(new FenceSettings(cidr, "100.80.0.0/12", List.of()));
                        each.destroy();
                        each.open(new FenceSettings(cidr, "100.80.0.0/12", List.of()));
                        return true;
                    });
                }
            }
            for (LinuxFence each : fences) {
                assertThat(machine.onHost(forwarding)).isEqualTo("1\n");
                assertThat(each.repair()).isEqualTo(Condition.SOUND);
                each.destroy();
            }
            assertThat(machine.onHost(forwarding)).isEqualTo("0\n");
            assertThat(machine.forwardingRecord()).doesNotExist();
        }
        agent = machine.agent();
    }

    @Test
    void forwardingGoesOffWithTheLastFenceAndStaysWhereOthersNeedIt() throws Exception {
        TestRights.assumeGuarded();
        LinuxFenceSettings settings = new LinuxFenceSettings(
                machine.settings().name() + "-2",
                machine.settings().hostNamespace(),
                Path.of("/run/netns"),
                machine.settings().runDirectory(),
                1500);
        try (LinuxFence other = new LinuxFence(settings, FenceSystem.linux())) {
            other.open(new FenceSettings("100.80.8.0/24", "100.80.0.0/12", List.of()));
            fence.destroy();
            assertThat(machine.onHost("cat /proc/sys/net/ipv4/conf/up0/forwarding"))
                    .startsWith("1");
            assertThat(other.repair()).isEqualTo(Condition.SOUND);
            other.destroy();
            assertThat(machine.onHost("cat /proc/sys/net/ipv4/conf/up0/forwarding"))
                    .startsWith("0");
        }
        fence.open(Machine.fenceSettings());
        machine.onHost("sysctl -qw net.ipv4.ip_forward=1");
        fence.repair();
        assertThat(machine.onHost("nft list chain ip " + machine.settings().hostTable() + " forwarded"))
                .doesNotContain("drop");
        fence.destroy();
        assertThat(machine.onHost("cat /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/conf/up0/forwarding"))
                .isEqualTo("1\n1\n");
        assertThat(machine.forwardingRecord()).doesNotExist();
    }
}
