package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.rootfs.DeviceFiles.Device;
import dev.agentcontainers.nodeagent.linux.storage.Disks.Disk;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BundleConfigurationTest {
    private static JsonNode bundle(SandboxSpec spec, Confinement confinement, boolean swap) throws IOException {
        return bundle(spec, root(true, List.of("/proc/cpuinfo"), RunAs.ROOT, Starter.NONE), confinement, swap);
    }

    private static AgentRoot.Made root(boolean readOnly, List<String> masked, RunAs runAs, Starter starter) {
        return new AgentRoot.Made(Path.of("/run/x/root"), readOnly, masked, runAs, starter, List.of());
    }

    private static JsonNode bundle(SandboxSpec spec, AgentRoot.Made root, Confinement confinement, boolean swap)
            throws IOException {
        return bundle(spec, root, DriverKind.PROCESS, confinement, swap);
    }

    private static JsonNode bundle(
            SandboxSpec spec, AgentRoot.Made root, DriverKind kind, Confinement confinement, boolean swap)
            throws IOException {
        return new ObjectMapper()
                .readTree(new BundleConfiguration(
                                spec,
                                new IdRange(200_000_000, 65_536),
                                "/proc/1234/ns/user",
                                root,
                                kind,
                                Optional.of("/parent/id"),
                                confinement,
                                Map.of("SSL_CERT_FILE", "/etc/agentcontainers/trust/bundle.crt"),
                                OptionalLong.of(150_000),
                                swap,
                                spec.limits().diskReadRate().isPresent() ? Set.of(new Disk(254, 0)) : Set.of())
                        .toJson());
    }

    private static SandboxSpec spec(ResourceAmounts limits) {
        return TestNode.spec(TestNode.newId(), List.of("a", "b c"), limits, new Workspace("/work", true));
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.asText()));
        return texts;
    }

    @Test
    void shippedAgentsHaveNoPrivilege() throws IOException {
        JsonNode bundle = bundle(spec(ResourceAmounts.NONE), Confinement.SHIPPED, true);
        JsonNode process = bundle.get("process");
        assertThat(process.get("noNewPrivileges").asBoolean()).isTrue();
        assertThat(process.get("capabilities")).hasSize(5).allMatch(JsonNode::isEmpty);
        assertThat(bundle.at("/linux/seccomp/defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(bundle.at("/linux/seccomp/architectures")).hasSize(1);
        assertThat(bundle.at("/root/readonly").asBoolean()).isTrue();
        assertThat(bundle.at("/linux/uidMappings/0/hostID").asLong()).isEqualTo(200_000_000);
        assertThat(texts(bundle.at("/linux/maskedPaths"))).contains("/proc/kcore", "/proc/cpuinfo");
    }

    /** Of whatever runs in it, so that nothing is outside of the fence around its files. */
    @Test
    void everythingInAFencedRootIsStartedByTheNodeAgentsProgram(@TempDir Path folder) throws IOException {
        for (boolean fenced : new boolean[] {true, false}) {
            Path configuration = folder.resolve("config.json");
            JsonNode bundle = bundle(
                    spec(ResourceAmounts.NONE),
                    root(true, List.of(), RunAs.ROOT, fenced ? Starter.FENCE : Starter.NONE),
                    Confinement.SHIPPED,
                    true);
            Files.writeString(configuration, bundle.toString());
            Path exec = folder.resolve("exec.json");
            BundleConfiguration.writeProcess(configuration, exec, List.of("sh", "-c", "x"), false);

            List<String> own = fenced ? List.of("/.agentcontainers") : List.of();
            assertThat(texts(bundle.at("/process/args"))).containsExactlyElementsOf(join(own, List.of("a", "b c")));
            assertThat(texts(new ObjectMapper().readTree(exec.toFile()).get("args")))
                    .containsExactlyElementsOf(join(own, List.of("sh", "-c", "x")));
        }
    }

    private static List<String> join(List<String> some, List<String> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    @Test
    void everyNamespaceIsNewButTheOneOfUsersThatWasMadeForIt() throws IOException {
        JsonNode namespaces =
                bundle(spec(ResourceAmounts.NONE), Confinement.SHIPPED, true).at("/linux/namespaces");
        assertThat(namespaces)
                .hasSize(7)
                .filteredOn(namespace -> namespace.has("path"))
                .singleElement()
                .satisfies(user -> {
                    assertThat(user.get("type").asText()).isEqualTo("user");
                    assertThat(user.get("path").asText()).isEqualTo("/proc/1234/ns/user");
                });
    }

    @Test
    void limitsAreWithoutSwap() throws IOException {
        JsonNode resources = bundle(spec(TestNode.limits(250, 1 << 20, 7)), Confinement.SHIPPED, true)
                .at("/linux/resources");
        assertThat(resources.at("/memory/limit").asLong()).isEqualTo(1 << 20);
        assertThat(resources.at("/memory/swap").asLong()).isEqualTo(1 << 20);
        assertThat(resources.at("/cpu/quota").asLong()).isEqualTo(25_000);
        assertThat(resources.at("/pids/limit").asLong()).isEqualTo(7);
        assertThat(bundle(spec(TestNode.limits(1, 1 << 20, 7)), Confinement.SHIPPED, false)
                        .at("/linux/resources/memory")
                        .has("swap"))
                .isFalse();
    }

    @Test
    void noLimitsAreNoKeys() throws IOException {
        JsonNode resources =
                bundle(spec(ResourceAmounts.NONE), Confinement.SHIPPED, true).at("/linux/resources");
        assertThat(resources.has("memory") || resources.at("/cpu").has("quota") || resources.has("pids"))
                .isFalse();
        assertThat(resources.at("/cpu/shares").asLong()).isEqualTo(2);
    }

    @Test
    void thePartOfTheProcessorsComesFromTheRequest() throws IOException {
        SandboxSpec plain = spec(TestNode.limits(1000, 1 << 20, 7));
        SandboxSpec spec = new SandboxSpec(
                plain.id(),
                SandboxRoot.HOST,
                plain.hostname(),
                Map.of(),
                plain.command(),
                "/",
                Map.of(),
                plain.limits(),
                TestNode.limits(100, 1 << 20, 7),
                plain.mounts());
        JsonNode cpu = bundle(spec, Confinement.SHIPPED, true).at("/linux/resources/cpu");
        assertThat(cpu.at("/shares").asLong()).isEqualTo(102);
        assertThat(cpu.at("/quota").asLong()).isEqualTo(100_000);
    }

    @Test
    void aLimitAboveTheNodesShareIsTheNodesShare() throws IOException {
        JsonNode bundle = bundle(spec(TestNode.limits(4000, 1 << 20, 7)), Confinement.SHIPPED, true);
        assertThat(bundle.at("/linux/resources/cpu/quota").asLong()).isEqualTo(150_000);
    }

    @Test
    void environmentIsCompletedAndNotReplaced() throws IOException {
        JsonNode environment =
                bundle(spec(ResourceAmounts.NONE), Confinement.SHIPPED, true).at("/process/env");
        assertThat(texts(environment)).contains("GREETING=hello", "HOME=/work", "HOSTNAME=agent-host");
    }

    @Test
    void anImagesProgramRunsAsItsUserInARootThatItMayChange() throws IOException {
        RunAs user = new RunAs(1000, 1001, List.of(5), Optional.of("/home/user"));
        JsonNode bundle = bundle(
                spec(ResourceAmounts.NONE), root(false, List.of(), user, Starter.NONE), Confinement.SHIPPED, true);
        assertThat(bundle.at("/root/readonly").asBoolean()).isFalse();
        assertThat(bundle.at("/process/user").toString())
                .contains("\"uid\":1000", "\"gid\":1001", "\"additionalGids\":[5]");
        assertThat(texts(bundle.at("/process/env"))).contains("HOME=/home/user");
        assertThat(bundle.at("/process/capabilities/effective")).isEmpty();
        assertThat(bundle.at("/process/noNewPrivileges").asBoolean()).isTrue();
    }

    @Test
    void theTestProfileHasEveryCapabilityAndNoFilter() throws IOException {
        JsonNode bundle = bundle(spec(ResourceAmounts.NONE), Confinement.NONE_FOR_TESTS, true);
        assertThat(bundle.at("/process/capabilities/effective")).hasSize(41);
        assertThat(bundle.at("/linux").has("seccomp")).isFalse();
    }

    private static JsonNode microVm(Confinement confinement) throws IOException {
        GivenDevice tun = new GivenDevice(Device.TUN, Path.of("/run/x/devices/tun"), "/machine/tun");
        return bundle(
                spec(TestNode.limits(1000, 512 << 20, 20)),
                new AgentRoot.Made(Path.of("/run/x/jail"), true, List.of(), RunAs.ROOT, Starter.MONITOR, List.of(tun)),
                DriverKind.MICROVM,
                confinement,
                false);
    }

    /** Whatever the agent may do in its machine. */
    @ParameterizedTest
    @EnumSource
    void whatRunsAVirtualMachineHasNoPrivilege(Confinement confinement) throws IOException {
        JsonNode bundle = microVm(confinement);
        assertThat(bundle.at("/process/capabilities")).hasSize(5).allMatch(JsonNode::isEmpty);
        assertThat(bundle.at("/process/noNewPrivileges").asBoolean()).isTrue();
        assertThat(bundle.at("/linux/seccomp/defaultAction").asText()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(bundle.at("/root/readonly").asBoolean()).isTrue();
        JsonNode devices = bundle.at("/linux/resources/devices");
        assertThat(devices).hasSize(2);
        assertThat(devices.at("/0/allow").asBoolean()).isFalse();
        assertThat(devices.at("/0/access").asText()).isEqualTo("rwm");
        assertThat(devices.at("/1/allow").asBoolean()).isTrue();
        assertThat(devices.at("/1/major").asInt()).isEqualTo(10);
        assertThat(devices.at("/1/minor").asInt()).isEqualTo(200);
    }

    /** Nothing that leads into the kernel: a device of a machine's would be one of the host's. */
    @Test
    void aVirtualMachinesFilterIsTheShippedOneButForFilesThatAreNoDevices() throws IOException {
        JsonNode shipped =
                bundle(spec(ResourceAmounts.NONE), Confinement.SHIPPED, true).at("/linux/seccomp");
        JsonNode machines = microVm(Confinement.SHIPPED).at("/linux/seccomp");
        Map<String, Set<String>> allowed = rules(machines);
        assertThat(allowed.remove("mknodat"))
                .containsExactlyInAnyOrder(
                        "SCMP_ACT_ALLOW 2 & 61440 == 4096",
                        "SCMP_ACT_ALLOW 2 & 61440 == 49152",
                        "SCMP_ACT_ALLOW 2 & 61440 == 32768");
        Map<String, Set<String>> expected = rules(shipped);
        assertThat(expected.remove("mknodat")).containsExactly("SCMP_ACT_ERRNO");
        assertThat(allowed).isEqualTo(expected);
        assertThat(machines.at("/defaultAction")).isEqualTo(shipped.at("/defaultAction"));
        assertThat(machines.at("/defaultErrnoRet")).isEqualTo(shipped.at("/defaultErrnoRet"));
    }

    private static Map<String, Set<String>> rules(JsonNode filter) {
        Map<String, Set<String>> rules = new TreeMap<>();
        for (JsonNode rule : filter.at("/syscalls")) {
            StringBuilder text = new StringBuilder(rule.at("/action").asText());
            for (JsonNode argument : rule.path("args")) {
                text.append(" %d & %d == %d"
                        .formatted(
                                argument.at("/index").asInt(),
                                argument.at("/value").asLong(),
                                argument.at("/valueTwo").asLong()));
            }
            for (JsonNode name : rule.at("/names")) {
                rules.computeIfAbsent(name.asText(), _ -> new TreeSet<>()).add(text.toString());
            }
        }
        return rules;
    }

    /** Whatever an agent's own program is called. */
    @Test
    void anAgentsProgramIsNoMonitor(@TempDir Path folder) throws IOException {
        SandboxSpec spec =
                TestNode.spec(TestNode.newId(), List.of(Starter.MONITOR_PROGRAM, "run"), ResourceAmounts.NONE);
        Path configuration = Files.writeString(
                folder.resolve("config.json"),
                bundle(spec, Confinement.SHIPPED, true).toString());
        BundleConfiguration.writeProcess(configuration, folder.resolve("exec.json"), List.of("sh"), false);
        assertThat(texts(new ObjectMapper()
                        .readTree(folder.resolve("exec.json").toFile())
                        .get("args")))
                .containsExactly("sh");
    }

    @Test
    void aVirtualMachineIsBegunByItsMonitorAndTakesMoreThanTheAgentMay(@TempDir Path folder) throws IOException {
        JsonNode bundle = microVm(Confinement.SHIPPED);
        Path configuration = Files.writeString(folder.resolve("config.json"), bundle.toString());
        BundleConfiguration.writeProcess(configuration, folder.resolve("exec.json"), List.of("sh", "-c", "x"), true);

        assertThat(texts(bundle.at("/process/args"))).containsExactly("/machine/monitor", "run");
        assertThat(texts(new ObjectMapper()
                        .readTree(folder.resolve("exec.json").toFile())
                        .get("args")))
                .containsExactly("/machine/monitor", "exec", "--terminal", "--", "sh", "-c", "x");
        assertThat(bundle.at("/linux/resources/memory/limit").asLong()).isEqualTo((512L << 20) + MicroVmLimits.RESERVE);
        assertThat(bundle.at("/linux/resources/pids/limit").asLong()).isGreaterThan(512);
        assertThat(bundle.at("/mounts").toString()).contains("/machine/tun", "/run/x/devices/tun");
    }

    private static JsonNode gvisor(ResourceAmounts limits) throws IOException {
        return bundle(
                spec(limits),
                root(false, List.of(), RunAs.ROOT, Starter.NONE),
                DriverKind.GVISOR,
                Confinement.SHIPPED,
                false);
    }

    /** What it answers with EPERM stays so; it has no other number for an error. */
    @Test
    void gvisorsFilterIsTheShippedOneInItsWords() throws IOException {
        JsonNode filter = gvisor(ResourceAmounts.NONE).at("/linux/seccomp");
        JsonNode shipped =
                bundle(spec(ResourceAmounts.NONE), Confinement.SHIPPED, true).at("/linux/seccomp");
        assertThat(shipped.at("/defaultErrnoRet").asInt()).isEqualTo(38);
        assertThat(filter.at("/defaultAction").asText()).isEqualTo("SCMP_ACT_TRACE");
        assertThat(filter.toString()).doesNotContain("rrnoRet");
        assertThat(filter.at("/syscalls")).hasSameSizeAs(shipped.at("/syscalls"));
        for (int i = 0; i < shipped.at("/syscalls").size(); i++) {
            JsonNode before = shipped.at("/syscalls").get(i);
            JsonNode after = filter.at("/syscalls").get(i);
            assertThat(after.get("names")).isEqualTo(before.get("names"));
            assertThat(after.get("args")).isEqualTo(before.get("args"));
            String expected = before.path("errnoRet").asInt() == 38
                    ? "SCMP_ACT_TRACE"
                    : before.get("action").asText();
            assertThat(after.get("action").asText()).isEqualTo(expected);
        }
    }

    @Test
    void gvisorLimitsOpenFilesItselfAndOtherProcessesInheritTheirs() throws IOException {
        ResourceAmounts limits = TestNode.openFiles(300);
        assertThat(gvisor(limits).at("/process/rlimits").toString()).contains("RLIMIT_NOFILE", "\"hard\":300");
        assertThat(gvisor(ResourceAmounts.NONE).at("/process/rlimits").toString())
                .contains("\"hard\":65536");
    }

    @Test
    void ratesAreOfEachDisk() throws IOException {
        ResourceAmounts limits = TestNode.diskRates(OptionalLong.of(1 << 20), OptionalLong.empty());
        JsonNode resources = bundle(spec(limits), Confinement.SHIPPED, true).at("/linux/resources");
        JsonNode reading = resources.at("/blockIO/throttleReadBpsDevice");
        assertThat(reading).hasSize(1);
        assertThat(reading.at("/0/major").asInt()).isEqualTo(254);
        assertThat(reading.at("/0/minor").asInt()).isZero();
        assertThat(reading.at("/0/rate").asLong()).isEqualTo(1 << 20);
        assertThat(resources.at("/blockIO").has("throttleWriteBpsDevice")).isFalse();
        assertThat(bundle(spec(ResourceAmounts.NONE), Confinement.SHIPPED, true)
                        .at("/linux/resources")
                        .has("blockIO"))
                .isFalse();
    }

    @Test
    void gvisorCountsProcessesItselfAndTheHostHasRoomForIts() throws IOException {
        JsonNode bundle = gvisor(TestNode.limits(1000, 128 << 20, 7));
        assertThat(bundle.at("/process/rlimits").toString()).contains("RLIMIT_NPROC", "\"soft\":7", "\"hard\":7");
        assertThat(bundle.at("/linux/resources/pids/limit").asLong()).isBetween(512L, 2048L);
        assertThat(bundle.at("/linux/resources/memory/limit").asLong()).isEqualTo(128 << 20);
        assertThat(gvisor(ResourceAmounts.NONE).at("/linux/resources").has("pids"))
                .isFalse();
    }

    /** Where nothing else is known of it; a program that asks once must not be told of 0 by 0. */
    @Test
    void aFurtherProcessHasATerminalOfTheUsualSize(@TempDir Path folder) throws IOException {
        Path configuration = Files.writeString(folder.resolve("config.json"), "{\"process\": {\"cwd\": \"/\"}}");
        Path target = folder.resolve("exec.json");
        BundleConfiguration.writeProcess(configuration, target, List.of("sh", "-i"), true);
        assertThat(new ObjectMapper().readTree(target.toFile())).isEqualTo(new ObjectMapper().readTree("""
                {"cwd": "/", "args": ["sh", "-i"], "terminal": true, "consoleSize": {"height": 24, "width": 80}}
                """));
        BundleConfiguration.writeProcess(configuration, target, List.of("sh"), false);
        assertThat(new ObjectMapper().readTree(target.toFile()).has("consoleSize"))
                .isFalse();
    }
}
