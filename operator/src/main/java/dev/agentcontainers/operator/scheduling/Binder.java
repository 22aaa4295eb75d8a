package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.OwnWrites;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.leadership.NotLeadingException;
import dev.agentcontainers.operator.logging.LogContext;
import dev.agentcontainers.operator.node.Heartbeats;
import dev.agentcontainers.operator.status.BindingStatus;
import dev.agentcontainers.operator.status.StatusWriter;
import dev.agentcontainers.policy.PolicyGroup;
import dev.agentcontainers.policy.PolicySubject;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Binds agents to nodes. One thread decides, against one picture of the fleet per batch, and reserves before it writes; the
 * writes themselves go out in parallel. Only the API server's check of the resourceVersion makes a binding true, so that a
 * second operator can't bind the same agent again.
 */
@ApplicationScoped
public class Binder {
    private static final Logger LOG = LoggerFactory.getLogger(Binder.class);
    private static final int PARALLEL_WRITES = 32;
    private static final Duration REWRITE_MESSAGE = Duration.ofSeconds(10);

    /**
     * How time passes for placement.
     *
     * @param longestWait after which an agent without a node is tried again though nothing has changed
     * @param coalesced changes of the fleet within this time are one
     * @param doubt how long room stays taken for a binding of which nobody knows whether it was written
     */
    record Pace(Duration longestWait, Duration coalesced, Duration doubt) {
        static final Pace USUAL = new Pace(Duration.ofSeconds(30), Duration.ofMillis(200), Duration.ofSeconds(30));
    }

    private final Fleet fleet;
    private final Heartbeats heartbeats;
    private final StatusWriter statusWriter;
    private final OwnWrites ownWrites;
    private final Leadership leadership;
    private final EventPublisher events;
    private final Clock clock;
    private final SchedulingMetrics metrics;

    private final BlockingQueue<ResourceID> offered = new LinkedBlockingQueue<>();
    private final Set<ResourceID> queued = ConcurrentHashMap.newKeySet();
    private final Set<ResourceID> waiting = ConcurrentHashMap.newKeySet();
    private final Map<ResourceID, Long> messageWritten = new ConcurrentHashMap<>();
    private final AtomicBoolean fleetChanged = new AtomicBoolean();
    private final Pace pace;
    private final Reservations reservations;
    private final Avoidance avoidance;
    private final Semaphore writes = new Semaphore(PARALLEL_WRITES);
    private final ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor();
    private @Nullable Thread thread;

    @Inject
    public Binder(
            Fleet fleet,
            Heartbeats heartbeats,
            StatusWriter statusWriter,
            OwnWrites ownWrites,
            Leadership leadership,
            EventPublisher events,
            Clock clock,
            MeterRegistry meters) {
        this(fleet, heartbeats, statusWriter, ownWrites, leadership, events, clock, meters, Pace.USUAL);
    }

    Binder(
            Fleet fleet,
            Heartbeats heartbeats,
            StatusWriter statusWriter,
            OwnWrites ownWrites,
            Leadership leadership,
            EventPublisher events,
            Clock clock,
            MeterRegistry meters,
            Pace pace) {
        this.fleet = fleet;
        this.heartbeats = heartbeats;
        this.statusWriter = statusWriter;
        this.ownWrites = ownWrites;
        this.leadership = leadership;
        this.events = events;
        this.clock = clock;
        this.avoidance = new Avoidance(clock);
        this.metrics = new SchedulingMetrics(meters, waiting::size);
        this.pace = pace;
        this.reservations = new Reservations(pace.doubt());
    }

    /** Begins to bind. To be called when this process leads and the caches are filled. */
    public synchronized void start() {
        if (thread == null) {
            thread = Thread.ofPlatform().daemon().name("binder").start(this::run);
        }
    }

    @PreDestroy
    synchronized void stop() {
        if (thread != null) {
            thread.interrupt();
        }
        writers.shutdownNow();
    }

    /** Whether it was told to begin. */
    public synchronized boolean isStarted() {
        return thread != null;
    }

    /** Whether the thread that decides is there. */
    public synchronized boolean isRunning() {
        return thread != null && thread.isAlive();
    }

    /** How many agents wait for a node. */
    public int waiting() {
        return waiting.size();
    }

    /** An agent without a node. Offering it again does no harm. */
    public void offer(ResourceID agent) {
        if (queued.add(agent)) {
            offered.add(agent);
        }
    }

    /** Nodes, classes or what is free of them have changed: those that wait are tried again. */
    public void fleetChanged() {
        fleetChanged.set(true);
    }

    /** The agent is not placed on that node again for a while: it has refused it. */
    public void avoid(AgentContainer agent, String nodeName) {
        avoidance.add(agent.getMetadata().getUid(), nodeName);
    }

    /** The agent is gone; what it held is free. */
    public void gone(ResourceID agent) {
        waiting.remove(agent);
        messageWritten.remove(agent);
        fleetChanged();
    }

    private void run() {
        long lastRetry = System.nanoTime();
        while (leadership.isLeading() && !Thread.currentThread().isInterrupted()) {
            try {
                Set<ResourceID> batch = nextBatch();
                long sinceRetry = System.nanoTime() - lastRetry;
                boolean changed = sinceRetry > pace.coalesced().toNanos() && fleetChanged.getAndSet(false);
                if (changed || sinceRetry > pace.longestWait().toNanos()) {
                    lastRetry = System.nanoTime();
                    batch.addAll(waiting);
                }
                if (!batch.isEmpty()) {
                    place(batch);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (NotLeadingException e) {
                return;
            } catch (RuntimeException e) {
                LOG.error("A batch of placements failed; its agents are tried again", e);
                fleetChanged();
            }
        }
    }

    private Set<ResourceID> nextBatch() throws InterruptedException {
        Set<ResourceID> batch = new LinkedHashSet<>();
        @Nullable ResourceID first = offered.poll(pace.coalesced().toMillis(), TimeUnit.MILLISECONDS);
        if (first != null) {
            batch.add(first);
            offered.drainTo(batch);
            queued.removeAll(batch);
        }
        return batch;
    }

    private void place(Set<ResourceID> batch) throws InterruptedException {
        waiting.addAll(batch);
        Map<String, ResourceVector> reserved = new HashMap<>(reservations.byNode(fleet));
        FleetSnapshot snapshot = new FleetSnapshot(
                candidates(), fleet.isolationClasses().map(IsolationOption::of).toList(), reserved);
        for (ResourceID id : batch) {
            try (LogContext ignored = LogContext.of(id)) {
                Optional<AgentContainer> agent = fleet.agent(id).filter(Binder::wantsNode);
                if (agent.isEmpty()) {
                    waiting.remove(id);
                } else if (!reservations.isAssumed(id) && isSettled(agent.get())) {
                    place(agent.get(), id, snapshot, reserved);
                }
            } catch (NotLeadingException e) {
                throw e;
            } catch (RuntimeException e) {
                LOG.error("Agent {} could not be placed; it is tried again", id, e);
            }
        }
    }

    /** One node that can't be understood keeps no agent from the others. */
    private List<NodeCandidate> candidates() {
        return fleet.nodes().flatMap(this::candidate).toList();
    }

    private Stream<NodeCandidate> candidate(AgentNode node) {
        String name = node.getMetadata().getName();
        try {
            return Stream.of(NodeCandidate.of(node, heartbeats.isAlive(name)));
        } catch (RuntimeException e) {
            LOG.error("AgentNode {} can't be understood: nothing is placed there", name, e);
            return Stream.empty();
        }
    }

    /** Only an agent that is bound, being deleted or gone no longer waits. */
    private static boolean wantsNode(AgentContainer agent) {
        return agent.getMetadata().getDeletionTimestamp() == null
                && Fleet.nodeOf(agent).isEmpty();
    }

    /** Whether the agent can be placed by what the cache shows: it is no older than own writes, and nothing is left of it. */
    private boolean isSettled(AgentContainer agent) {
        return !ownWrites.isStale(agent) && fleet.assignmentsOf(agent).isEmpty();
    }

    private void place(
            AgentContainer agent, ResourceID id, FleetSnapshot snapshot, Map<String, ResourceVector> reserved)
            throws InterruptedException {
        AgentRequest request =
                AgentRequest.of(agent, avoidance.of(agent.getMetadata().getUid()));
        switch (Scheduler.place(request, snapshot)) {
            case Placement.Placed placed -> {
                reserved.merge(placed.nodeName(), placed.taken(), ResourceVector::plus);
                reservations.assume(agent, placed.nodeName(), placed.taken());
                writes.acquire();
                writers.execute(() -> bind(agent, id, request, placed));
            }
            case Placement.Unschedulable unschedulable -> report(agent, id, unschedulable.message());
        }
    }

    private void bind(AgentContainer agent, ResourceID id, AgentRequest request, Placement.Placed placed) {
        try (LogContext ignored = LogContext.of(id)) {
            AgentContainerStatus status = BindingStatus.bound(
                    agent,
                    PolicyGroup.nameOf(PolicySubject.of(agent)),
                    placed.nodeName(),
                    request.isolation().requested(),
                    placed.className(),
                    clock.instant());
            bound(agent, id, placed.nodeName(), statusWriter.replace(agent, status));
        } catch (KubernetesClientException e) {
            metrics.refused();
            refused(agent, id, placed.nodeName(), e);
        } catch (RuntimeException e) {
            reservations.forget(id);
            LOG.error("Agent {} was not bound to node {}; it is tried again", id, placed.nodeName(), e);
        } finally {
            writes.release();
        }
    }

    private void bound(AgentContainer agent, ResourceID id, String nodeName, String version) {
        reservations.confirm(id, version);
        waiting.remove(id);
        messageWritten.remove(id);
        metrics.bound();
        events.publish(agent, EventReason.Scheduled, "Bound to node %s".formatted(nodeName));
    }

    /** The agent goes on waiting, whatever the answer was, until it is seen bound. */
    private void refused(AgentContainer agent, ResourceID id, String nodeName, KubernetesClientException refusal) {
        boolean unclear = refusal.getCode() < HttpURLConnection.HTTP_BAD_REQUEST
                || refusal.getCode() >= HttpURLConnection.HTTP_INTERNAL_ERROR;
        if (unclear) {
            doubt(agent, id, nodeName, refusal);
            fleetChanged();
        } else if (refusal.getCode() == HttpURLConnection.HTTP_CONFLICT) {
            afterConflict(agent, id, nodeName);
            fleetChanged();
        } else {
            reservations.forget(id);
            LOG.warn("Agent {} was not bound to node {}: {}", id, nodeName, refusal.getMessage());
        }
    }

    /** Somebody was faster: perhaps this process itself, by a request whose answer was lost and that the client sent again. */
    private void afterConflict(AgentContainer agent, ResourceID id, String nodeName) {
        Optional<AgentContainer> now;
        try {
            now = statusWriter.look(agent);
        } catch (KubernetesClientException e) {
            doubt(agent, id, nodeName, e);
            return;
        }
        if (now.flatMap(Fleet::nodeOf).filter(nodeName::equals).isPresent()) {
            bound(agent, id, nodeName, now.orElseThrow().getMetadata().getResourceVersion());
        } else {
            reservations.forget(id);
        }
    }

    private void doubt(AgentContainer agent, ResourceID id, String nodeName, KubernetesClientException error) {
        reservations.doubt(id, agent.getMetadata().getResourceVersion());
        LOG.warn("Whether agent {} was bound to node {} is not known yet", id, nodeName, error);
    }

    /** Says why the agent waits: at once the first time, later at most every ten seconds and only what is new. */
    private void report(AgentContainer agent, ResourceID id, String message) {
        metrics.unschedulable();
        Optional<String> said = BindingStatus.unschedulableMessage(agent);
        long now = System.nanoTime();
        @Nullable Long written = messageWritten.get(id);
        boolean soon = written != null && now - written < REWRITE_MESSAGE.toNanos();
        if (said.filter(message::equals).isPresent() || (said.isPresent() && soon)) {
            return;
        }
        messageWritten.put(id, now);
        try {
            statusWriter.write(
                    agent, BindingStatus.unbound(agent, BindingStatus.UNSCHEDULABLE, message, clock.instant()));
            events.publish(agent, EventReason.FailedScheduling, message);
        } catch (KubernetesClientException e) {
            LOG.debug("The status of {} was not written; it has changed or is tried again", id, e);
        }
    }
}
