package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus.EnforcedGroup;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.journal.JournalException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Puts the newest revision of the node's policy into force and acknowledges it with the hashes that the kernel holds. The
 * policy is the union of all AgentNodePolicies of the node's namespace, its revision the sum of their generations; nothing
 * is put into force before the first complete list, so that a part that was not seen yet does not count as removed. A
 * revision that can't be put into force is tried again; the earlier one stays meanwhile, as does a part that is gone.
 *
 * <p>A change of a ruleset in use is acknowledged at once. New groups and groups that went away can wait for company: that
 * an agent runs behind a new group's rules says the status of its assignment.
 */
public final class PolicyWatch implements AutoCloseable {
    private static final Duration ACKNOWLEDGED_WITHIN = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final String namespace;
    private final PolicyKeeper keeper;
    private final Duration acknowledgedWithin;
    private final RepeatedTask applying;
    private final RepeatedTask acknowledging;
    private final SharedIndexInformer<AgentNodePolicy> informer;
    private final ReentrantLock oneAtATime = new ReentrantLock();
    /** What was last put into force from here. Guarded by {@link #oneAtATime}, as the next. */
    private Optional<NodePolicyParts> applied = Optional.empty();

    /** Why that could not be written down; empty where it was. */
    private Optional<JournalException> unwritten = Optional.empty();

    /** Whether a ruleset in use has changed since the last acknowledgement. */
    private boolean awaited;

    private final Map<String, Acknowledged> acknowledged = new HashMap<>();

    private record Acknowledged(String uid, AgentNodePolicyStatus status) {}

    public PolicyWatch(KubernetesClient client, String namespace, PolicyKeeper keeper, ScheduledExecutorService timer) {
        this(client, namespace, keeper, timer, ACKNOWLEDGED_WITHIN);
    }

    /** @param acknowledgedWithin how long an acknowledgement for which nobody waits may take */
    PolicyWatch(
            KubernetesClient client,
            String namespace,
            PolicyKeeper keeper,
            ScheduledExecutorService timer,
            Duration acknowledgedWithin) {
        this.acknowledgedWithin = acknowledgedWithin;
        this.client = client;
        this.namespace = namespace;
        this.keeper = keeper;
        this.applying = new RepeatedTask("policy", timer, this::apply);
        this.acknowledging = new RepeatedTask("policy acknowledgement", timer, this::acknowledgeAll);
        this.informer = client.resources(AgentNodePolicy.class)
                .inNamespace(namespace)
                .runnableInformer(0)
                .exceptionHandler(new KeepWatching("the AgentNodePolicies"))
                .addEventHandler(new OnChange<>(PolicyWatch::isNewRevision, applying::request));
    }

    /** Begins to watch, and returns; goes on trying where the API server can't be reached. */
    public void start() {
        informer.start().whenComplete((_, failure) -> {
            if (failure == null) {
                applying.request();
            }
        });
    }

    public boolean isWatching() {
        return informer.isWatching();
    }

    private static boolean isNewRevision(AgentNodePolicy before, AgentNodePolicy after) {
        return !Objects.equals(
                        before.getMetadata().getUid(), after.getMetadata().getUid())
                || !Objects.equals(
                        before.getMetadata().getGeneration(),
                        after.getMetadata().getGeneration());
    }

    private void apply() throws SandboxException {
        if (!informer.hasSynced()) {
            return;
        }
        oneAtATime.lock();
        try {
            NodePolicyParts newest = newest();
            if (newest.isEmpty()) {
                return;
            }
            if (unwritten.isPresent() || !applied.filter(newest::equals).isPresent()) {
                putIntoForce(newest);
            }
            if (unwritten.isPresent()) {
                acknowledge(newest, unwritten.map(cause -> notWritten(newest, cause)));
                throw unwritten.get();
            }
            if (awaited || newest.parts().stream().anyMatch(this::isAwaited)) {
                acknowledge(newest, Optional.empty());
            } else {
                acknowledging.request(acknowledgedWithin);
            }
        } finally {
            oneAtATime.unlock();
        }
    }

    private void putIntoForce(NodePolicyParts newest) throws SandboxException {
        Map<String, String> before = held();
        try {
            keeper.apply(newest.snapshot());
            unwritten = Optional.empty();
        } catch (JournalException e) {
            // The kernel holds it all the same, and that is what is acknowledged.
            unwritten = Optional.of(e);
        } catch (SandboxException e) {
            acknowledge(newest, Optional.of("revision " + newest.revision() + ": " + e.getMessage()));
            throw e;
        }
        applied = Optional.of(newest);
        awaited |= differ(before, held());
    }

    private static String notWritten(NodePolicyParts parts, JournalException cause) {
        return "revision " + parts.revision() + " is in force, but a restart of the node agent that can't reach the API"
                + " server would bring back an earlier one, because this one can't be written down: "
                + cause.getMessage();
    }

    private void acknowledgeAll() {
        oneAtATime.lock();
        try {
            applied.ifPresent(parts -> acknowledge(parts, unwritten.map(cause -> notWritten(parts, cause))));
        } finally {
            oneAtATime.unlock();
        }
    }

    /**
     * Those in the watch's store with those that are known from before, unless they are older than what is in force: then
     * either the store is behind, or they were made anew and count from 1 again; only the API server's storage knows.
     */
    private NodePolicyParts newest() {
        NodePolicyParts stored = NodePolicyParts.of(informer.getStore().list(), applied);
        long inForce = keeper.enforced().map(Enforced::revision).orElse(-1L);
        return stored.revision() < inForce
                ? NodePolicyParts.of(
                        client.resources(AgentNodePolicy.class)
                                .inNamespace(namespace)
                                .list()
                                .getItems(),
                        applied)
                : stored;
    }

    /** Whether somebody may wait to hear that the kernel holds the part's rulesets: one that was known has changed. */
    private boolean isAwaited(AgentNodePolicy part) {
        Optional<AgentNodePolicyStatus> said = said(part).map(Acknowledged::status);
        if (said.map(AgentNodePolicyStatus::message).isPresent()) {
            return true;
        }
        Map<String, String> told = new HashMap<>();
        said.map(AgentNodePolicyStatus::groups).stream()
                .flatMap(groups -> groups.stream())
                .forEach(group -> told.put(group.name(), group.hash()));
        return differ(told, held());
    }

    /** Whether a group that is in both has another ruleset. */
    private static boolean differ(Map<String, String> before, Map<String, String> after) {
        return before.entrySet().stream()
                .anyMatch(group -> after.containsKey(group.getKey())
                        && !Objects.equals(group.getValue(), after.get(group.getKey())));
    }

    private Map<String, String> held() {
        return keeper.enforced().map(Enforced::hashes).orElse(Map.of());
    }

    private void acknowledge(NodePolicyParts parts, Optional<String> message) {
        Optional<Enforced> enforced = keeper.enforced();
        Map<String, String> held = held();
        for (AgentNodePolicy part : parts.parts()) {
            Optional<AgentNodePolicy> inForce = applied.flatMap(last -> last.named(part));
            acknowledge(
                    part,
                    new AgentNodePolicyStatus(
                            inForce.map(each -> each.getMetadata().getGeneration())
                                    .or(() -> enforced.map(Enforced::revision).filter(_ -> parts.isOne()))
                                    .orElse(null),
                            groups(inForce.orElse(part), held),
                            message.orElse(null),
                            parts.isOne()
                                    ? null
                                    : enforced.map(Enforced::revision).orElse(null)));
        }
        awaited = false;
    }

    private void acknowledge(AgentNodePolicy part, AgentNodePolicyStatus status) {
        String name = part.getMetadata().getName();
        Acknowledged now = new Acknowledged(part.getMetadata().getUid(), status);
        if (!said(part).filter(now::equals).isPresent()) {
            StatusPatch.write(client, StatusPatch.named(new AgentNodePolicy(), namespace, name), status);
        }
        acknowledged.put(name, now);
    }

    /** What the part's status says, as far as is known: what was written from here, else what was read with the part. */
    private Optional<Acknowledged> said(AgentNodePolicy part) {
        String uid = part.getMetadata().getUid();
        return Optional.ofNullable(acknowledged.get(part.getMetadata().getName()))
                .filter(last -> last.uid().equals(uid))
                .or(() -> Optional.ofNullable(part.getStatus()).map(found -> new Acknowledged(uid, found)));
    }

    private static List<EnforcedGroup> groups(AgentNodePolicy part, Map<String, String> held) {
        return NodePolicyParts.groups(part).stream()
                .map(Group::name)
                .filter(held::containsKey)
                .sorted()
                .map(group -> new EnforcedGroup(group, held.get(group)))
                .toList();
    }

    @Override
    public void close() {
        informer.stop();
        applying.close();
        acknowledging.close();
    }
}
