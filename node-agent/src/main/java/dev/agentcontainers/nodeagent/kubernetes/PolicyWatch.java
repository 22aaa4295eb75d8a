package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus.EnforcedGroup;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Puts the newest revision of the node's policy into force and acknowledges it, with the hashes that the kernel holds,
 * in one write. A revision that can't be put into force is tried again; the earlier one stays meanwhile, and stays too
 * where the AgentNodePolicy is gone.
 */
public final class PolicyWatch implements AutoCloseable {
    private static final Duration HELD_BACK = Duration.ofSeconds(5);

    private final KubernetesClient client;
    private final String namespace;
    private final PolicyKeeper keeper;
    private final RepeatedTask applying;
    private final SharedIndexInformer<AgentNodePolicy> informer;
    /** What was last put into force from here. Used by the one run of {@link #applying} only, as the next. */
    private Optional<Applied> applied = Optional.empty();

    private Optional<Acknowledged> acknowledged = Optional.empty();
    /** When what is held back is written ({@link System#nanoTime}); empty where nothing is. */
    private OptionalLong heldBackUntil = OptionalLong.empty();

    private record Applied(String uid, Enforced enforced) {}

    private record Acknowledged(String uid, AgentNodePolicyStatus status) {}

    public PolicyWatch(KubernetesClient client, String namespace, PolicyKeeper keeper, ScheduledExecutorService timer) {
        this.client = client;
        this.namespace = namespace;
        this.keeper = keeper;
        this.applying = new RepeatedTask("policy", timer, this::apply);
        this.informer = client.resources(AgentNodePolicy.class)
                .inNamespace(namespace)
                .runnableInformer(0)
                .exceptionHandler(new KeepWatching("the AgentNodePolicy"))
                .addEventHandler(new OnChange<>(PolicyWatch::isNewRevision, applying::request));
    }

    /** Begins to watch, and returns; goes on trying where the API server can't be reached. */
    public void start() {
        informer.start();
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
        Optional<AgentNodePolicy> newest = newest();
        if (newest.isEmpty()) {
            return;
        }
        AgentNodePolicy policy = newest.get();
        String uid = policy.getMetadata().getUid();
        long revision = policy.getMetadata().getGeneration();
        if (applied.filter(last -> last.uid().equals(uid) && last.enforced().revision() == revision)
                .isEmpty()) {
            try {
                applied = Optional.of(new Applied(uid, keeper.apply(new PolicySnapshot(revision, policy.getSpec()))));
            } catch (SandboxException e) {
                acknowledge(policy, keeper.enforced(), Optional.of("generation " + revision + ": " + e.getMessage()));
                throw e;
            }
        }
        acknowledge(policy, applied.map(Applied::enforced), Optional.empty());
    }

    /**
     * The one in the watch's store, unless it is older than what is in force: then either the store is behind, or the
     * AgentNodePolicy was made anew and counts from 1 again; only the API server's storage knows.
     */
    private Optional<AgentNodePolicy> newest() {
        Optional<AgentNodePolicy> stored = informer.getStore().list().stream()
                .filter(policy -> policy.getMetadata().getName().equals(Api.NODE_POLICY_NAME))
                .findFirst();
        long inForce = keeper.enforced().map(Enforced::revision).orElse(-1L);
        return stored.filter(policy -> policy.getMetadata().getGeneration() < inForce)
                .map(_ -> Optional.ofNullable(resource().get()))
                .orElse(stored);
    }

    private void acknowledge(AgentNodePolicy policy, Optional<Enforced> enforced, Optional<String> message) {
        AgentNodePolicyStatus status = new AgentNodePolicyStatus(
                enforced.map(Enforced::revision).orElse(null),
                groups(enforced.map(Enforced::hashes).orElse(Map.of())),
                message.orElse(null));
        String uid = policy.getMetadata().getUid();
        Optional<Acknowledged> before = acknowledged
                .filter(last -> last.uid().equals(uid))
                .or(() -> Optional.ofNullable(policy.getStatus()).map(found -> new Acknowledged(uid, found)));
        Optional<Acknowledged> now = Optional.of(new Acknowledged(uid, status));
        if (before.equals(now)) {
            return;
        }
        if (addsOnly(before.map(Acknowledged::status), status) && isHeldBack()) {
            return;
        }
        StatusPatch.write(resource(), status);
        acknowledged = now;
        heldBackUntil = OptionalLong.empty();
    }

    /** Whether every group that was acknowledged is as it was: nothing has changed for agents that run. */
    private static boolean addsOnly(Optional<AgentNodePolicyStatus> before, AgentNodePolicyStatus now) {
        if (now.message() != null || before.map(AgentNodePolicyStatus::message).isPresent()) {
            return false;
        }
        List<EnforcedGroup> known = before.map(AgentNodePolicyStatus::groups).orElse(List.of());
        return now.groups().containsAll(known);
    }

    /**
     * The agents that start in a new group say themselves what they are fenced by. So new groups wait for a moment, and
     * many starts cost one acknowledgement.
     */
    private boolean isHeldBack() {
        long now = System.nanoTime();
        if (heldBackUntil.isEmpty()) {
            heldBackUntil = OptionalLong.of(now + HELD_BACK.toNanos());
        }
        long remaining = heldBackUntil.getAsLong() - now;
        if (remaining <= 0) {
            return false;
        }
        applying.request(Duration.ofNanos(remaining));
        return true;
    }

    private static List<EnforcedGroup> groups(Map<String, String> hashes) {
        return hashes.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(group -> new EnforcedGroup(group.getKey(), group.getValue()))
                .toList();
    }

    private Resource<AgentNodePolicy> resource() {
        return client.resources(AgentNodePolicy.class).inNamespace(namespace).withName(Api.NODE_POLICY_NAME);
    }

    @Override
    public void close() {
        informer.stop();
        applying.close();
    }
}
