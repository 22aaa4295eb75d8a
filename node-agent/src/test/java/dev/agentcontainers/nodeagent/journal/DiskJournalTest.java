package dev.agentcontainers.nodeagent.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.Assignment.EnvironmentEntry;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiskJournalTest {
    private static final SandboxId ID = new SandboxId("3f0e8a9c-0000-4000-8000-000000000001");
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00.123456Z");

    @TempDir
    private Path temporary;

    private Path folder;
    private DiskJournal journal;

    @BeforeEach
    void open() {
        folder = temporary.resolve("journal");
        journal = new DiskJournal(folder);
    }

    @Test
    void whatIsWrittenIsReadBackEqual() {
        JournalEntry entry = JournalEntry.of(assignment())
                .acceptedHere()
                .beginning("boot-1", NOW)
                .releasing(NOW, NOW, new JournalEntry.Fenced("100.80.0.2", "group", "hash", 1))
                .started(NOW)
                .exited(new ExitStatus(
                        3,
                        NOW,
                        true,
                        Optional.of(new RunUse(
                                NOW,
                                NOW,
                                OptionalLong.of(7_000_000),
                                OptionalLong.of(50 << 20),
                                OptionalLong.empty(),
                                OptionalLong.of(0)))))
                .restartingAt(NOW.plusSeconds(10), 1)
                .beginning("boot-2", NOW)
                .probed(new JournalEntry.Probed(true, false))
                .failing(new JournalEntry.ProbeFailure(
                        "LivenessProbeFailed", "why", Optional.of(Duration.ofSeconds(3))));
        journal.write(ID, entry);
        assertThat(new DiskJournal(folder).entries()).containsExactly(Map.entry(ID, entry));
        assertThat(entry.gracePeriod()).isEqualTo(Duration.ofSeconds(3));
        assertThat(entry.unasked().gracePeriod()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void everyStateIsReadBackEqual() {
        JournalEntry seen = JournalEntry.of(assignment());
        for (JournalEntry entry : List.of(
                seen,
                seen.acceptedHere(),
                seen.acceptedHere().deleted(),
                seen.ended(new Outcome(Outcome.Kind.REJECTED, "OutOfCapacity", "cpu")),
                seen.acceptedHere().found("boot", NOW).applied(assignment()))) {
            journal.note(ID, entry);
            assertThat(new DiskJournal(folder).entries()).containsValue(entry);
        }
    }

    @Test
    void aDeletedEntryIsGone() {
        journal.write(ID, JournalEntry.of(assignment()));
        journal.delete(ID);
        journal.delete(ID);
        assertThat(new DiskJournal(folder).entries()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "{\"format\":1,\"value\":{\"assi",
                "null",
                "[]",
                "{\"format\":2,\"value\":{}}",
                "{\"format\":1}"
            })
    void aDamagedEntryIsLeftOutAndTheOthersAreRead(String content) throws IOException {
        SandboxId other = new SandboxId("other");
        journal.write(other, JournalEntry.of(assignment(other)));
        Files.writeString(folder.resolve("sandboxes").resolve(ID + ".json"), content);
        assertThat(new DiskJournal(folder).entries()).containsOnlyKeys(other);
    }

    /** An agent that runs while its node agent is replaced is known to the next one, which has fields that were not written then. */
    @Test
    void anEntryFromBeforeThereWereImagesAndDisplaysIsRead() throws IOException {
        String assignment = """
            {"id":{"value":"%s"},"agent":{"namespace":"team-a","name":"researcher","uid":"u","generation":4},
             "generation":2,"epoch":9,"driver":{"className":"process","name":"process","parameters":{}},
             "command":["python3","/opt/main.py"],"workingDirectory":"/workspace",
             "environment":[{"kind":"Literal","name":"A","value":"b"}],
             "requests":{"cpuMillis":null,"memoryBytes":null,"ephemeralStorageBytes":null,"pids":null},
             "limits":{"cpuMillis":100,"memoryBytes":null,"ephemeralStorageBytes":null,"pids":256},
             "mounts":[{"kind":"Workspace","path":"/workspace","writable":true},
                       {"kind":"RuntimeDirectory","path":"/run/session"}],
             "restartPolicy":"OnFailure","deadline":"PT1H","gracePeriod":"PT10S","policyGroup":"group-a"}
            """.formatted(ID);
        Files.writeString(folder.resolve("sandboxes").resolve(ID + ".json"), """
            {"format":1,"value":{"assignment":%1$s,"state":"ACCEPTED","bootId":"boot-1",
             "run":{"begunAt":"2026-11-24T12:00:00.123456Z","released":true,"applied":%1$s,"stoppingSince":null},
             "firstStartedAt":"2026-11-24T12:00:00.123456Z","restarts":0,"failures":0,"nextStartAt":null,
             "lastExit":{"code":3,"finishedAt":"2026-11-24T12:00:00.123456Z","outOfMemory":false},"outcome":null,
             "milestones":{"prepared":"2026-11-24T12:00:00.123456Z","fenced":"2026-11-24T12:00:00.123456Z",
                           "started":"2026-11-24T12:00:00.123456Z","finished":"2026-11-24T12:00:00.123456Z"},
             "fenced":{"address":"100.80.0.2","group":"group-a","hash":"hash","revision":1}}}
            """.formatted(assignment));

        Assignment read = new Assignment(
                ID,
                new Assignment.Agent("team-a", "researcher", "u", 4),
                2,
                9,
                new Assignment.Driver("process", "process", Map.of()),
                Optional.empty(),
                List.of("python3", "/opt/main.py"),
                Optional.of("/workspace"),
                List.of(new EnvironmentEntry.Literal("A", "b")),
                ResourceAmounts.NONE,
                new ResourceAmounts(
                        OptionalLong.of(100), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.of(256)),
                List.of(
                        new Mount.Workspace("/workspace", true),
                        new Mount.RuntimeDirectory("/run/session", Optional.empty())),
                RestartPolicy.OnFailure,
                Optional.of(Duration.ofHours(1)),
                Duration.ofSeconds(10),
                "group-a");
        JournalEntry expected = JournalEntry.of(read)
                .acceptedHere()
                .beginning("boot-1", NOW)
                .releasing(NOW, NOW, new JournalEntry.Fenced("100.80.0.2", "group-a", "hash", 1))
                .started(NOW);
        JournalEntry found = new DiskJournal(folder).entry(ID).orElseThrow();
        assertThat(found.run()).isEqualTo(expected.run());
        assertThat(found.promise()).isEmpty();
        assertThat(found.promisedRequests()).isEqualTo(read.requests());
        assertThat(found.promised().exited(new ExitStatus(3, NOW, false)))
                .as("what its last run used was not kept then")
                .isEqualTo(expected.exited(new ExitStatus(3, NOW, false)));
        assertThat(found.lastExit()).hasValue(new ExitStatus(3, NOW, false));
        assertThat(new DiskJournal(folder).entries()).containsOnlyKeys(ID);
    }

    @Test
    void strangeFilesAreLeftOut() throws IOException {
        Files.writeString(folder.resolve("sandboxes/Not An Id.json"), "{}");
        Files.writeString(folder.resolve("sandboxes").resolve(ID + ".json.new"), "{");
        assertThat(new DiskJournal(folder).entries()).isEmpty();
    }

    @Test
    void onlyItsOwnerReadsIt() throws IOException {
        journal.write(ID, JournalEntry.of(assignment()));
        journal.writePolicy(new PolicySnapshot(1, new AgentNodePolicySpec(1L, List.of())));
        try (Stream<Path> all = Files.walk(folder)) {
            assertThat(all)
                    .allSatisfy(path -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                            .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------"));
        }
    }

    @Test
    void thePolicyIsReadBackEqual() {
        assertThat(journal.policy()).isEmpty();
        PolicySnapshot policy = new PolicySnapshot(
                7,
                new AgentNodePolicySpec(
                        3L,
                        List.of(new AgentNodePolicySpec.Group(
                                "g",
                                "h",
                                List.of("NetworkPolicy team-a/x"),
                                List.of(new AgentNodePolicySpec.Allow("10.0.0.0/8", Protocol.TCP, 80, 81))))));
        journal.writePolicy(policy);
        assertThat(new DiskJournal(folder).policy()).hasValue(policy);
    }

    private static Assignment assignment() {
        return assignment(ID);
    }

    private static Assignment assignment(SandboxId id) {
        return new Assignment(
                id,
                new Assignment.Agent("team-a", "researcher", ID.value(), 4),
                2,
                9,
                new Assignment.Driver(
                        "process", "process", Map.of("seccomp", "default"), Optional.of(IsolationLevel.Container)),
                Optional.of(new Assignment.Image(
                        "registry.example.org/agent:1",
                        Optional.of(PullPolicy.ALWAYS),
                        List.of("s-2"),
                        List.of("--verbose"))),
                List.of("python3", "/opt/main.py"),
                Optional.of("/workspace"),
                List.of(
                        new EnvironmentEntry.Literal("A", "b"),
                        new EnvironmentEntry.FromSecret("C", "s-1", "k", true),
                        new EnvironmentEntry.FromConfigMap("D", "c-1", "k", false)),
                ResourceAmounts.NONE,
                new ResourceAmounts(
                        OptionalLong.of(100), OptionalLong.of(1L << 40), OptionalLong.empty(), OptionalLong.of(256)),
                List.of(
                        new Mount.Workspace("/workspace", true),
                        new Mount.DiskDirectory("/data", OptionalLong.of(1L << 30)),
                        new Mount.DiskDirectory("/shared", OptionalLong.empty()),
                        new Mount.MemoryDirectory("/scratch", 1L << 20),
                        new Mount.HostDirectory("/srv", "/srv/data", true),
                        new Mount.ImageFiles(
                                "/model", "example.org/model:3", Optional.of(PullPolicy.ALWAYS), List.of("s-2")),
                        new Mount.ImageFiles("/tools", "example.org/tools", Optional.empty(), List.of()),
                        new Mount.Denied("/etc/ssh"),
                        new Mount.ConfigMapFiles("/opt", "c-1"),
                        new Mount.SecretFiles("/secret", "s-1")),
                RestartPolicy.OnFailure,
                Optional.of(Duration.ofHours(1)),
                Duration.ofSeconds(10),
                new Probes(
                        Optional.of(probe(new Probe.Handler.Exec(List.of("true")), Optional.empty())),
                        Optional.of(probe(
                                new Probe.Handler.HttpGet(
                                        80, "/x", Optional.of("a"), true, List.of(new Probe.Header("b", "c"))),
                                Optional.empty())),
                        Optional.of(probe(new Probe.Handler.TcpSocket(81), Optional.of(Duration.ofSeconds(2))))),
                "group-a",
                true);
    }

    private static Probe probe(Probe.Handler handler, Optional<Duration> grace) {
        return new Probe(handler, Duration.ZERO, Duration.ofSeconds(10), Duration.ofSeconds(1), 1, 3, grace);
    }
}
