package dev.agentcontainers.operator.scheduling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeSpec;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationClassSpec;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.fleet.OwnWrites;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.node.Heartbeats;
import dev.agentcontainers.operator.status.StatusWriter;
import dev.agentcontainers.operator.testing.Agents;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every agent is offered until it is bound, whatever the API server answers. */
@NullUnmarked
class BinderTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Binder.Pace QUICK =
            new Binder.Pace(Duration.ofMillis(300), Duration.ofMillis(20), Duration.ofMillis(400));

    private final Cluster cluster = new Cluster();
    private final Leadership leadership = new Leadership(Duration.ofMinutes(1), () -> {});
    private final OwnWrites ownWrites = new OwnWrites();
    private final Events events = new Events();
    private final Writer writer = new Writer(cluster, ownWrites);
    private final Binder binder = new Binder(
            cluster,
            new Heartbeats(null, leadership, Clock.systemUTC()) {
                @Override
                public boolean isAlive(String nodeName) {
                    return true;
                }
            },
            writer,
            ownWrites,
            leadership,
            events,
            Clock.systemUTC(),
            new SimpleMeterRegistry(),
            QUICK);

    @AfterEach
    void stop() {
        leadership.stop();
        binder.stop();
    }

    @Test
    void bindsAnAgentAtOnce() {
        start(node("one", "4", "8Gi"));
        AgentContainer agent = create("plain", "100m", "1Gi");

        awaitBound(agent, "one");
        assertThat(events.reasons).containsExactly(EventReason.Scheduled);
    }

    @Test
    void triesAgainWhenTheAnswerIsAnError() {
        start(node("one", "4", "8Gi"));
        writer.next(Answer.FAILS, Answer.FAILS, Answer.TIMES_OUT);

        awaitBound(create("unlucky", "100m", "1Gi"), "one");
    }

    @Test
    void triesAgainWhenTheAnswerIsAConflict() {
        start(node("one", "4", "8Gi"));
        writer.next(Answer.CONFLICTS, Answer.CONFLICTS, Answer.CONFLICTS);

        awaitBound(create("contended", "100m", "1Gi"), "one");
    }

    @Test
    void triesAgainWhenTheWriteIsForbidden() {
        start(node("one", "4", "8Gi"));
        writer.next(Answer.IS_FORBIDDEN);

        awaitBound(create("forbidden", "100m", "1Gi"), "one");
    }

    @Test
    void roomIsKeptForABindingWhoseAnswerWasAConflictWithItself() {
        start(node("one", "4", "8Gi"));
        cluster.isBehind = true;
        writer.next(Answer.SUCCEEDS_BUT_CONFLICTS);
        AgentContainer first = create("first", "3", "1Gi");
        await().atMost(SOON)
                .until(() -> writer.bound.containsKey(first.getMetadata().getName()));

        AgentContainer second = create("second", "3", "1Gi");
        await().atMost(SOON).until(() -> events.reasons.contains(EventReason.FailedScheduling));

        assertThat(writer.bound).doesNotContainKey(second.getMetadata().getName());
        assertThat(events.reasons).contains(EventReason.Scheduled);
    }

    @Test
    void roomIsKeptWhileNobodyKnowsWhetherTheBindingWasWritten() {
        start(node("one", "4", "8Gi"));
        cluster.isBehind = true;
        writer.next(Answer.SUCCEEDS_BUT_TIMES_OUT);
        create("first", "3", "1Gi");
        await().atMost(SOON).until(() -> writer.bound.containsKey("first"));

        create("second", "3", "1Gi");
        await().atMost(SOON).until(() -> events.reasons.contains(EventReason.FailedScheduling));
        cluster.catchUp(writer);

        assertThat(writer.bound).containsOnlyKeys("first");
    }

    @Test
    void oneObjectWithAbsurdAmountsKeepsNoOtherFromBeingPlaced() {
        start(node("one", "4", "8Gi"), node("absurd", "1e30", "1e30"), node("senseless", "1e999999999", "-5"));
        cluster.put(bound(agent("greedy", "1e999999999", "16Ei"), "one"));
        cluster.put(bound(agent("greedy-too", "1", "7Ei"), "one"));

        AgentContainer agent = create("modest", "100m", "1Gi");

        awaitBound(agent, "absurd");
        AgentContainer unplaceable = create("unplaceable", "1", "16Ei");
        await().atMost(SOON).until(() -> events.reasons.contains(EventReason.FailedScheduling));
        assertThat(writer.bound).doesNotContainKey(unplaceable.getMetadata().getName());
    }

    @Test
    void anAgentThatCannotBeUnderstoodKeepsNoOtherFromBeingPlaced() {
        start(node("one", "4", "8Gi"));
        AgentContainer broken = agent("broken", "1", "1Gi");
        broken.setSpec(null);
        cluster.put(broken);
        binder.offer(ResourceID.fromResource(broken));

        awaitBound(create("sound", "100m", "1Gi"), "one");
    }

    /** Also of those that are bound, and seen so. */
    @Test
    void whatTheIsolationOfAgentsTakesIsTakenOfTheirNode() {
        cluster.put(bound(agent("there", "100m", "3Gi"), "one"));
        start(costly("one", "4", "8Gi", "1Gi"));

        AgentContainer fits = create("fits", "100m", "3Gi");
        awaitBound(fits, "one");
        create("too-much", "100m", "0");
        await().atMost(SOON).until(() -> events.reasons.contains(EventReason.FailedScheduling));

        assertThat(writer.bound).containsOnlyKeys("fits");
    }

    private void start(AgentNode... nodes) {
        cluster.nodes.addAll(List.of(nodes));
        leadership.start(1);
        binder.start();
    }

    private AgentContainer create(String name, String cpu, String memory) {
        AgentContainer agent = agent(name, cpu, memory);
        cluster.put(agent);
        binder.offer(ResourceID.fromResource(agent));
        return agent;
    }

    private void awaitBound(AgentContainer agent, String node) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(writer.bound)
                        .containsEntry(agent.getMetadata().getName(), node));
        await().atMost(SOON).until(() -> binder.waiting() == 0 || writer.bound.size() > 0);
    }

    private AgentContainer agent(String name, String cpu, String memory) {
        AgentContainer agent = Agents.parse("team", name, """
            isolation: {className: process}
            command: [sleep]
            resources: {requests: {cpu: "%s", memory: "%s"}}
            """.formatted(cpu, memory));
        agent.getMetadata().setUid("uid-" + name);
        agent.getMetadata().setGeneration(1L);
        agent.getMetadata().setResourceVersion(cluster.nextVersion());
        return agent;
    }

    private AgentContainer bound(AgentContainer agent, String node) {
        agent.setStatus(new AgentContainerStatus(null, null, 1L, node, null, null, null, null, null, null, null, null));
        return agent;
    }

    private static AgentNode node(String name, String cpu, String memory) {
        return node(name, cpu, memory, null);
    }

    /** Whose driver takes so much memory for each agent. */
    private static AgentNode costly(String name, String cpu, String memory, String overhead) {
        return node(name, cpu, memory, new AgentNodeStatus.Overhead(quantity(overhead)));
    }

    private static AgentNode node(String name, String cpu, String memory, AgentNodeStatus.Overhead overhead) {
        AgentNode node = new AgentNode();
        node.setMetadata(new ObjectMetaBuilder().withName(name).build());
        node.setSpec(new AgentNodeSpec(null, null, null, "100.80.0.0/22", null));
        node.setStatus(new AgentNodeStatus(
                NodeNamespace.of(name),
                null,
                OperatingSystem.linux,
                Architecture.amd64,
                null,
                null,
                null,
                null,
                Map.of("cpu", quantity(cpu), "memory", quantity(memory)),
                List.of(new AgentNodeStatus.DriverStatus(
                        "process", true, "1", IsolationLevel.Process, List.of("host-root"), null, null, overhead)),
                null));
        return node;
    }

    private static Quantity quantity(String text) {
        return io.fabric8.kubernetes.client.utils.Serialization.unmarshal("\"" + text + "\"", Quantity.class);
    }

    private enum Answer {
        SUCCEEDS,
        FAILS,
        TIMES_OUT,
        CONFLICTS,
        IS_FORBIDDEN,
        SUCCEEDS_BUT_CONFLICTS,
        SUCCEEDS_BUT_TIMES_OUT
    }

    /** What the caches show. */
    private static final class Cluster extends Fleet {
        private final Map<ResourceID, AgentContainer> agents = new ConcurrentHashMap<>();
        private final List<AgentNode> nodes = new CopyOnWriteArrayList<>();
        private volatile boolean isBehind;
        private long version = 100;

        synchronized String nextVersion() {
            version++;
            return Long.toString(version);
        }

        void put(AgentContainer agent) {
            agents.put(ResourceID.fromResource(agent), agent);
        }

        void catchUp(Writer writer) {
            isBehind = false;
            writer.written.forEach(this::put);
        }

        @Override
        public Optional<AgentContainer> agent(ResourceID id) {
            return Optional.ofNullable(agents.get(id));
        }

        @Override
        public Stream<AgentContainer> agents() {
            return agents.values().stream();
        }

        @Override
        public Stream<AgentNode> nodes() {
            return nodes.stream();
        }

        @Override
        public Stream<AgentAssignment> assignments() {
            return Stream.of();
        }

        @Override
        public List<AgentAssignment> assignmentsOf(AgentContainer agent) {
            return List.of();
        }

        @Override
        public Stream<IsolationClass> isolationClasses() {
            IsolationClass process = new IsolationClass();
            process.setMetadata(new ObjectMetaBuilder().withName("process").build());
            process.setSpec(new IsolationClassSpec("process", IsolationLevel.Process, null));
            return Stream.of(process);
        }
    }

    /** An API server that answers bindings as it is told, and then well. */
    private static final class Writer extends StatusWriter {
        private final Cluster cluster;
        private final OwnWrites ownWrites;
        private final Deque<Answer> answers = new ArrayDeque<>();
        private final Map<String, String> bound = new ConcurrentHashMap<>();
        private final List<AgentContainer> written = new CopyOnWriteArrayList<>();

        Writer(Cluster cluster, OwnWrites ownWrites) {
            super(null, ownWrites);
            this.cluster = cluster;
            this.ownWrites = ownWrites;
        }

        synchronized void next(Answer... next) {
            answers.addAll(List.of(next));
        }

        @Override
        public synchronized String replace(AgentContainer read, AgentContainerStatus status) {
            if (status.nodeName() == null) {
                return store(read, status);
            }
            Answer answer = Optional.ofNullable(answers.poll()).orElse(Answer.SUCCEEDS);
            return switch (answer) {
                case SUCCEEDS -> {
                    String version = store(read, status);
                    bound.put(read.getMetadata().getName(), status.nodeName());
                    yield version;
                }
                case FAILS -> throw new KubernetesClientException("internal error", 500, null);
                case TIMES_OUT -> throw new KubernetesClientException("timed out");
                case CONFLICTS -> throw new KubernetesClientException("conflict", 409, null);
                case IS_FORBIDDEN -> throw new KubernetesClientException("forbidden", 403, null);
                case SUCCEEDS_BUT_CONFLICTS, SUCCEEDS_BUT_TIMES_OUT -> {
                    store(read, status);
                    bound.put(read.getMetadata().getName(), status.nodeName());
                    throw new KubernetesClientException(
                            "the answer was lost", answer == Answer.SUCCEEDS_BUT_CONFLICTS ? 409 : 0, null);
                }
            };
        }

        @Override
        public Optional<AgentContainer> look(AgentContainer read) {
            return written.reversed().stream()
                    .filter(agent -> agent.getMetadata()
                            .getUid()
                            .equals(read.getMetadata().getUid()))
                    .findFirst()
                    .or(() -> Optional.of(read));
        }

        private String store(AgentContainer read, AgentContainerStatus status) {
            AgentContainer stored = with(read, status);
            stored.getMetadata().setResourceVersion(cluster.nextVersion());
            written.add(stored);
            if (!cluster.isBehind) {
                ownWrites.wrote(stored);
                cluster.put(stored);
            }
            return stored.getMetadata().getResourceVersion();
        }
    }

    private static final class Events extends EventPublisher {
        private final List<EventReason> reasons = new CopyOnWriteArrayList<>();

        Events() {
            super(null, Clock.systemUTC());
        }

        @Override
        public void publish(HasMetadata object, EventReason reason, String message) {
            reasons.add(reason);
        }
    }
}
