package dev.agentcontainers.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.AgentPort;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable.KeyReference;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable.ValueSource;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.MountAccess;
import dev.agentcontainers.api.v1alpha1.Probes;
import dev.agentcontainers.api.v1alpha1.Resources;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.api.v1alpha1.Session;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.Assignment.EnvironmentEntry;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.Screen;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class AssignmentMappingTest {
    private static final String UID = "6f1c";

    @Test
    void carriesWhatIdentifiesTheAgentAndItsRevision() {
        Assignment assignment = AssignmentMapping.assignment(resource(Assignments.spec(UID, List.of("sleep", "1"))));

        assertThat(assignment.id().value()).isEqualTo(UID);
        assertThat(assignment.driver().level()).as("none is asked for").isEmpty();
        assertThat(AssignmentMapping.assignment(resource(Assignments.spec(UID, IsolationLevel.UserspaceKernel)))
                        .driver()
                        .level())
                .contains(IsolationLevel.UserspaceKernel);
        assertThat(assignment.agent()).hasToString("team-a/agent-6f1c");
        assertThat(assignment.agent().generation()).isEqualTo(Assignments.AGENT_GENERATION);
        assertThat(assignment.generation()).isEqualTo(4);
        assertThat(assignment.epoch()).isEqualTo(Assignments.EPOCH);
        assertThat(assignment.command()).containsExactly("sleep", "1");
        assertThat(assignment.workingDirectory()).isEmpty();
        assertThat(assignment.restartPolicy()).isEqualTo(RestartPolicy.Never);
        assertThat(assignment.gracePeriod()).isEqualTo(Duration.ofSeconds(1));
        assertThat(assignment.deadline()).isEmpty();
        assertThat(assignment.policyGroup()).isEqualTo(NodeFixture.GROUP);
        assertThat(assignment.limits().pids()).hasValue(64);
    }

    @ParameterizedTest
    @CsvSource({
        "1,      1000, 64Mi, 67108864",
        "250m,   250,  1Gi,  1073741824",
        "0.0005, 1,    1k,   1000",
        "1500m,  1500, 1.5,  2",
    })
    void countsAmountsInWholeUnitsNeverTooFew(String cpu, long millis, String memory, long bytes) {
        Assignment assignment = AssignmentMapping.assignment(resource(
                Assignments.spec(UID, List.of("true"), List.of(), List.of(), Assignments.resources(cpu, memory))));

        assertThat(assignment.requests().cpuMillis()).hasValue(millis);
        assertThat(assignment.requests().memoryBytes()).hasValue(bytes);
        assertThat(assignment.limits().cpuMillis()).hasValue(millis);
        assertThat(assignment.requests().ephemeralStorageBytes()).isEmpty();
    }

    @Test
    void ratesAreBytesASecond() {
        ResourceAmounts limits = AssignmentMapping.limits(new Resources.Limits(
                null,
                null,
                null,
                null,
                null,
                new Quantity("1Mi"),
                new Quantity("2Mi"),
                new Quantity("16Ki"),
                new Quantity("10G")));

        assertThat(limits.diskReadRate()).hasValue(1 << 20);
        assertThat(limits.diskWriteRate()).hasValue(2 << 20);
        assertThat(limits.networkEgressRate()).hasValue(16 << 10);
        assertThat(limits.networkIngressRate()).hasValue(10_000_000_000L);
        assertThat(NetworkRates.of(limits).fields())
                .isEqualTo("spec.resources.limits.network-egress-rate and spec.resources.limits.network-ingress-rate");
    }

    static Stream<Arguments> variables() {
        KeyReference key = new KeyReference("copy", "key", null);
        KeyReference optional = new KeyReference("copy", "key", true);
        return Stream.of(
                Arguments.of(new EnvironmentVariable("A", "b", null), new EnvironmentEntry.Literal("A", "b")),
                Arguments.of(new EnvironmentVariable("A", null, null), new EnvironmentEntry.Literal("A", "")),
                Arguments.of(
                        new EnvironmentVariable("A", null, new ValueSource(key, null, null)),
                        new EnvironmentEntry.FromSecret("A", "copy", "key", false)),
                Arguments.of(
                        new EnvironmentVariable("A", null, new ValueSource(optional, null, null)),
                        new EnvironmentEntry.FromSecret("A", "copy", "key", true)),
                Arguments.of(
                        new EnvironmentVariable("A", null, new ValueSource(null, key, null)),
                        new EnvironmentEntry.FromConfigMap("A", "copy", "key", false)));
    }

    @ParameterizedTest
    @MethodSource("variables")
    void readsVariables(EnvironmentVariable variable, EnvironmentEntry expected) {
        assertThat(AssignmentMapping.assignment(withVariable(variable)).environment())
                .containsExactly(expected);
    }

    static Stream<Arguments> mounts() {
        return Stream.of(
                Arguments.of(new Filesystem.Mount("/a", MountAccess.Denied, null), new Mount.Denied("/a")),
                Arguments.of(
                        new Filesystem.Mount("/a", MountAccess.ReadWrite, workspace()),
                        new Mount.Workspace("/a", true)),
                Arguments.of(
                        new Filesystem.Mount("/a", MountAccess.ReadOnly, workspace()),
                        new Mount.Workspace("/a", false)),
                Arguments.of(
                        new Filesystem.Mount(
                                "/a",
                                MountAccess.ReadOnly,
                                Filesystem.Source.from(new Filesystem.ConfigMapSource("copy"))),
                        new Mount.ConfigMapFiles("/a", "copy")),
                Arguments.of(
                        new Filesystem.Mount(
                                "/a",
                                MountAccess.ReadOnly,
                                Filesystem.Source.from(new Filesystem.SecretSource("copy"))),
                        new Mount.SecretFiles("/a", "copy")),
                Arguments.of(
                        new Filesystem.Mount(
                                "/a",
                                MountAccess.ReadOnly,
                                Filesystem.Source.from(new Filesystem.HostPath("/srv/a", null))),
                        new Mount.HostDirectory("/a", "/srv/a", false)),
                Arguments.of(
                        image(MountAccess.ReadOnly),
                        new Mount.ImageFiles(
                                "/a", "example.org/model:3", Optional.of(PullPolicy.NEVER), List.of("copy"))),
                Arguments.of(empty(null, null), new Mount.DiskDirectory("/a", OptionalLong.empty())),
                Arguments.of(empty("", "20Mi"), new Mount.DiskDirectory("/a", OptionalLong.of(20 << 20))),
                Arguments.of(empty("Memory", "1.5"), new Mount.MemoryDirectory("/a", 2)));
    }

    private static Filesystem.Mount image(MountAccess access) {
        return new Filesystem.Mount(
                "/a",
                access,
                Filesystem.Source.from(new Filesystem.ImageSource("example.org/model:3", ImagePullPolicy.Never)));
    }

    private static Filesystem.Mount empty(@Nullable String medium, @Nullable String sizeLimit) {
        return new Filesystem.Mount(
                "/a",
                MountAccess.ReadWrite,
                Filesystem.Source.from(
                        new Filesystem.EmptyDir(medium, sizeLimit == null ? null : Quantity.parse(sizeLimit))));
    }

    @ParameterizedTest
    @MethodSource("mounts")
    void readsMounts(Filesystem.Mount mount, Mount expected) {
        assertThat(AssignmentMapping.assignment(withMount(mount)).mounts()).containsExactly(expected);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of(
                        withVariable(new EnvironmentVariable("TOKEN", null, new ValueSource(null, null, null))),
                        "env[TOKEN].valueFrom"),
                Arguments.of(
                        withMount(new Filesystem.Mount("/data", MountAccess.ReadOnly, null)),
                        "mounts[/data] has no source"),
                Arguments.of(
                        withMount(new Filesystem.Mount(
                                "/data",
                                MountAccess.ReadOnly,
                                new Filesystem.Source(null, null, null, null, null, null))),
                        "mounts[/data].source"),
                Arguments.of(withMount(image(MountAccess.ReadWrite)), "mounts[/a].access is ReadWrite"),
                Arguments.of(withMount(empty("Memory", null)), "mounts[/a].source.emptyDir"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void namesTheFieldThatItCantRead(AgentAssignment resource, String field) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AssignmentMapping.assignment(resource))
                .withMessageContaining(field);
    }

    private static Filesystem.Source workspace() {
        return Filesystem.Source.from(new Filesystem.Workspace());
    }

    private static AgentAssignment withVariable(EnvironmentVariable variable) {
        return resource(Assignments.spec(
                UID, List.of("true"), List.of(variable), List.of(), Assignments.resources("1", "1Mi")));
    }

    private static AgentAssignment withMount(Filesystem.Mount mount) {
        AgentAssignmentSpec plain =
                Assignments.spec(UID, List.of("true"), List.of(), List.of(mount), Assignments.resources("1", "1Mi"));
        return resource(new AgentAssignmentSpec(
                plain.agent(),
                plain.epoch(),
                plain.driver(),
                plain.image(),
                plain.command(),
                plain.args(),
                plain.workingDir(),
                plain.env(),
                plain.ports(),
                plain.resources(),
                plain.mounts(),
                plain.lifecycle(),
                plain.probes(),
                plain.policyGroup(),
                List.of("copy"),
                plain.session()));
    }

    @Test
    void probesHaveTheirDefaultsAndTheNumbersOfNamedPorts() {
        Probes.Probe http =
                probe(null, new Probes.HttpGet(null, new IntOrString("web"), null, Probes.Scheme.HTTPS, null), null);
        Probes.Probe exec = new Probes.Probe(new Probes.Exec(List.of("true")), null, null, 5, 2, 4, 1, 7, 30);

        var probes = AssignmentMapping.assignment(resource(probed(new Probes(exec, http, null))))
                .probes();

        assertThat(probes.startup())
                .hasValue(new Probe(
                        new Probe.Handler.Exec(List.of("true")),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(4),
                        1,
                        7,
                        Optional.of(Duration.ofSeconds(30))));
        assertThat(probes.readiness())
                .hasValue(new Probe(
                        new Probe.Handler.HttpGet(8080, "/", Optional.empty(), true, List.of()),
                        Duration.ZERO,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(1),
                        1,
                        3,
                        Optional.empty()));
        assertThat(probes.liveness()).isEmpty();
    }

    @Test
    void probesThatCantBeUnderstoodAreRefusedByTheirField() {
        assertThatThrownBy(() -> AssignmentMapping.assignment(resource(probed(
                        new Probes(null, null, probe(null, null, new Probes.TcpSocket(new IntOrString("other"))))))))
                .hasMessageContaining("probes.liveness.tcpSocket.port is 'other'");
        assertThatThrownBy(() ->
                        AssignmentMapping.assignment(resource(probed(new Probes(probe(null, null, null), null, null)))))
                .hasMessageContaining("probes.startup has none of exec, httpGet and tcpSocket");
    }

    private static Probes.Probe probe(
            Probes.@Nullable Exec exec, Probes.@Nullable HttpGet get, Probes.@Nullable TcpSocket socket) {
        return new Probes.Probe(exec, get, socket, null, null, null, null, null, null);
    }

    @Test
    void aSessionIsADirectoryInMemoryAndAHomeThatPersistsAWorkspace() {
        Assignment without = AssignmentMapping.assignment(resource(withSession(null)));
        assertThat(without.mounts()).isEmpty();
        assertThat(without.environment()).isEmpty();

        Assignment plain = AssignmentMapping.assignment(resource(withSession(new Session(null, null))));
        assertThat(plain.mounts()).containsExactly(new Mount.RuntimeDirectory("/run/session", Optional.empty()));
        assertThat(plain.environment()).isEmpty();

        Assignment home = AssignmentMapping.assignment(resource(withSession(new Session(true, null))));
        assertThat(home.mounts())
                .containsExactly(
                        new Mount.RuntimeDirectory("/run/session", Optional.empty()),
                        new Mount.Workspace("/home/agent", true));
        assertThat(home.environment()).containsExactly(new EnvironmentEntry.Literal("HOME", "/home/agent"));

        Assignment seen =
                AssignmentMapping.assignment(resource(withSession(new Session(null, new Session.Display(null, 600)))));
        assertThat(seen.mounts())
                .containsExactly(new Mount.RuntimeDirectory("/run/session", Optional.of(new Screen(1280, 600))));

        Assignment own = AssignmentMapping.assignment(
                resource(withSession(new Session(true, null), new EnvironmentVariable("HOME", "/elsewhere", null))));
        assertThat(own.environment()).containsExactly(new EnvironmentEntry.Literal("HOME", "/elsewhere"));
    }

    private static AgentAssignmentSpec withSession(@Nullable Session session, EnvironmentVariable... variables) {
        AgentAssignmentSpec plain = Assignments.spec(
                UID, List.of("true"), List.of(variables), List.of(), Assignments.resources("1", "1Mi"));
        return new AgentAssignmentSpec(
                plain.agent(),
                plain.epoch(),
                plain.driver(),
                plain.image(),
                plain.command(),
                plain.args(),
                plain.workingDir(),
                plain.env(),
                plain.ports(),
                plain.resources(),
                plain.mounts(),
                plain.lifecycle(),
                plain.probes(),
                plain.policyGroup(),
                null,
                session);
    }

    private static AgentAssignmentSpec probed(Probes probes) {
        AgentAssignmentSpec plain = Assignments.spec(UID, List.of("true"));
        return new AgentAssignmentSpec(
                plain.agent(),
                plain.epoch(),
                plain.driver(),
                plain.image(),
                plain.command(),
                plain.args(),
                plain.workingDir(),
                plain.env(),
                List.of(new AgentPort("web", null, 8080)),
                plain.resources(),
                plain.mounts(),
                plain.lifecycle(),
                probes,
                plain.policyGroup());
    }

    private static AgentAssignment resource(AgentAssignmentSpec spec) {
        AgentAssignment resource = new AgentAssignment();
        resource.setMetadata(
                new ObjectMetaBuilder().withName(UID).withGeneration(4L).build());
        resource.setSpec(spec);
        return resource;
    }
}
