package dev.agentcontainers.nodeagent.linux.strength;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.ForwardingFence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.TestGvisor;
import dev.agentcontainers.nodeagent.linux.oci.UnconfinedDriver;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The attempts, made in real sandboxes: those that hold, and one that is made weak so that the suite must find it out. */
@Tag("node")
@Timeout(120)
class LinuxStrengthSuiteIT {
    private Path directory;
    private OciSettings settings;

    @BeforeEach
    void makeNode() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/conmon")), "needs conmon");
        directory = Files.createTempDirectory("agentcontainers-strength");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        settings = TestRights.limit(OciSettings.of(
                directory.resolve("state"),
                directory.resolve("run"),
                "/agentcontainers-test-" + UUID.randomUUID().toString().substring(0, 8),
                new IdRange(300_000_000, 64 * IdRange.PER_SANDBOX),
                0));
    }

    private LinuxFenceSettings fence() {
        return TestRights.limit(new LinuxFenceSettings(
                "actrial-" + directory.getFileName().toString().replaceAll("[^0-9]", ""),
                Optional.empty(),
                Path.of("/run/netns"),
                directory,
                1500));
    }

    private void inFence(String script) {
        try {
            assertThat(new ProcessBuilder("ip", "netns", "exec", fence().name(), "sh", "-ec", script)
                            .inheritIO()
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void removeNode() throws Exception {
        if (directory != null) {
            DeepDeletion.delete(directory);
        }
    }

    @Test
    void agentsOverTheHostsRootWithstandAll() throws Exception {
        OciDriver driver = OciDriver.process(settings);
        StrengthReport report = measure(driver);
        assertThat(report.failures()).isEmpty();
        assertThat(report.strength()).contains(IsolationLevel.Process);
        assertThat(report.count(Verdict.PASSED)).isGreaterThanOrEqualTo(50);
        driver.forget();
    }

    @Test
    void agentsFromImagesWithstandAll() throws Exception {
        OciDriver process = OciDriver.process(settings);
        StrengthReport report = measure(process.container());
        assertThat(report.failures()).isEmpty();
        assertThat(report.strength()).contains(IsolationLevel.Container);
        process.forget();
    }

    @Test
    void agentsOverGvisorWithstandAllAndHaveAKernelOfTheirOwn() throws Exception {
        OciDriver process = OciDriver.process(settings.withGvisor(TestGvisor.required()));
        StrengthReport report = measure(process.gvisor());
        assertThat(report.failures()).isEmpty();
        assertThat(report.results())
                .filteredOn(result -> result.probe().equals("kernel-of-its-own"))
                .extracting(ProbeResult::verdict)
                .containsExactly(Verdict.PASSED);
        assertThat(report.strength()).contains(IsolationLevel.UserspaceKernel);
        process.forget();
    }

    /** What it may do is in its own user namespace only, but the kernel's seldom used parts answer it. */
    @Test
    void agentsWithoutAFilterAreFoundOut() throws Exception {
        OciDriver driver = UnconfinedDriver.of(settings);
        StrengthReport report = measure(driver);
        assertThat(report.failures().stream().map(ProbeResult::probe))
                .contains(
                        "no-privileges",
                        "no-new-privileges",
                        "system-call-filter",
                        "keyring",
                        "io-uring",
                        "raw-sockets",
                        "folder-handed-in",
                        "filesystem-mounted",
                        "nested-user-namespace")
                .doesNotContain("private-file-of-host", "process-killed", "loopback-of-host");
        assertThat(report.strength()).isEmpty();
        driver.forget();
    }

    /** Rules that are gone let everything pass; what the host itself has against agents is not in the fence. */
    @Test
    void aFenceWithoutRulesIsFoundOut() throws Exception {
        OciDriver driver = OciDriver.process(settings);
        StrengthReport report = measure(driver, fence -> new ForwardingFence(fence) {
            @Override
            public Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
                    throws SandboxException {
                Attachment attached = super.attach(id, network, group, rates);
                if (group.equals("agent")) {
                    inFence(
                            "nft flush ruleset; sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.all.forwarding=1;"
                                    + " ip -6 route add 2001:db8::/32 dev uplink");
                }
                return attached;
            }
        });
        assertThat(report.failures().stream().map(ProbeResult::probe))
                .contains(
                        "denied-address",
                        "foreign-name-server",
                        "cloud-metadata",
                        "addresses-of-node",
                        "another-agent",
                        "false-source",
                        "other-protocols",
                        "ipv6-past-the-fence");
        assertThat(report.strength()).isEmpty();
        driver.forget();
    }

    /** One rule too many, for one address, and rules that stay. */
    @Test
    void aHoleInTheFenceIsFoundOut() throws Exception {
        Map<String, String> applied = new HashMap<>();
        OciDriver driver = OciDriver.process(settings);
        StrengthReport report = measure(driver, fence -> new ForwardingFence(fence) {
            @Override
            public Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException {
                if (!applied.isEmpty()) {
                    return applied;
                }
                applied.putAll(super.apply(groups.stream()
                        .map(each -> each.ingress().isEmpty() ? holed(each) : each)
                        .toList()));
                return applied;
            }
        });
        assertThat(report.failures())
                .extracting(ProbeResult::probe, ProbeResult::evidence)
                .containsExactly(
                        tuple("denied-address", "it reached 198.51.100.1 port 80 by UDP"),
                        tuple(
                                "rule-taken-back",
                                "a datagram in a conversation under way, when its rule was taken back: came out"));
        driver.forget();
    }

    private static GroupRuleset holed(GroupRuleset rules) {
        List<Allow> egress = new ArrayList<>(rules.egress());
        egress.add(new Allow("198.51.100.0/30", Protocol.UDP, 80, 80));
        return new GroupRuleset(rules.name(), RulesetHash.of(egress), egress);
    }

    @Test
    void ofAFenceThatCanNotBeMadeNothingIsKnown() throws Exception {
        OciDriver driver = OciDriver.process(settings);
        StrengthReport report = measure(driver, fence -> new ForwardingFence(fence) {
            @Override
            public void open(FenceSettings fenceSettings) throws SandboxException {
                throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "there is no nftables");
            }
        });
        assertThat(report.unknown())
                .extracting(ProbeResult::evidence)
                .hasSize(9)
                .allMatch(evidence -> evidence.contains("there is no nftables"));
        assertThat(report.failures()).isEmpty();
        assertThat(report.strength()).isEmpty();
        driver.forget();
    }

    private StrengthReport measure(IsolationDriver driver) throws Exception {
        return measure(driver, UnaryOperator.identity());
    }

    private StrengthReport measure(IsolationDriver driver, UnaryOperator<Fence> around) throws Exception {
        DriverProbe.Ready ready = (DriverProbe.Ready) driver.probe();
        StrengthReport report = new LinuxStrengthSuite(
                        directory.resolve("strength"), Optional.of(fence()), around, Clock.systemUTC())
                .measure(driver, ready);
        assertThat(driver.list()).as("what is left").isEmpty();
        try (Stream<Path> left = Files.list(directory.resolve("strength"))) {
            assertThat(left).isEmpty();
        }
        return report;
    }
}
