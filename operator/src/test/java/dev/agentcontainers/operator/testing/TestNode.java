package dev.agentcontainers.operator.testing;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus;
import dev.agentcontainers.api.v1alpha1.AgentNodeSpec;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node agent that runs nothing: it answers assignments and policies as a real one does, with its own credential, through
 * the real API server.
 */
public final class TestNode implements AutoCloseable {
    /** Of the image of every agent that has one. */
    public static final String IMAGE_DIGEST = "sha256:" + "5".repeat(64);

    private static final AgentNodeStatus.DriverStatus PROCESS = new AgentNodeStatus.DriverStatus(
            "process",
            true,
            "test",
            IsolationLevel.Process,
            List.of(DriverFeature.HOST_ROOT, DriverFeature.EPHEMERAL_STORAGE),
            null,
            null);

    private static final AgentNodeStatus.DriverStatus CONTAINER = new AgentNodeStatus.DriverStatus(
            "container", true, "test", IsolationLevel.Container, List.of(DriverFeature.IMAGE), null, null);

    private static final int LEASE_SECONDS = 4;
    private static final int ACKNOWLEDGED_WITHIN_SECONDS = 5;
    private static final int RETRY_SECONDS = 1;

    private static final Logger LOG = LoggerFactory.getLogger(TestNode.class);

    /** Of all nodes' agents, by assignment. */
    private static final Map<String, String> ADDRESSES = new ConcurrentHashMap<>();

    private static final AtomicInteger LAST_HOST = new AtomicInteger(1);

    private final KubernetesClient admin;
    private final String name;
    private final String namespace;
    private final KubernetesClient client;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private final SharedIndexInformer<AgentAssignment> assignments;
    private final SharedIndexInformer<AgentNodePolicy> policies;
    private final Map<String, Map<String, String>> held = new ConcurrentHashMap<>();
    private final Map<String, AssignmentPhase> reported = new ConcurrentHashMap<>();
    private volatile Function<AgentAssignment, AgentAssignmentStatus> behaviour;
    private volatile boolean beating = true;

    private TestNode(
            KubernetesClient admin,
            String name,
            Map<String, Quantity> allocatable,
            List<AgentNodeStatus.DriverStatus> drivers) {
        this.admin = admin;
        this.name = name;
        this.behaviour = this::running;
        AgentNode created = node(name);
        admin.resource(created).create();
        namespace = await("AgentNode %s has its namespace, which an operator that leads gives it".formatted(name))
                .atMost(Duration.ofSeconds(120))
                .until(this::namespaceOfNode, Optional::isPresent)
                .orElseThrow();
        client = new KubernetesClientBuilder().withConfig(credential()).build();
        reportNode(allocatable, drivers);
        beat();
        thread.scheduleWithFixedDelay(this::beat, 1, 1, TimeUnit.SECONDS);
        assignments =
                client.resources(AgentAssignment.class).inNamespace(namespace).runnableInformer(0);
        assignments.addEventHandler(handler(assignment -> soon(() -> answer(newest(assignment)))));
        assignments.run();
        policies = client.resources(AgentNodePolicy.class)
                .inNamespace(namespace)
                .inform(handler(policy -> soon(() -> received(policy))));
    }

    public static TestNode join(TestCluster cluster, String name, Map<String, String> allocatable) {
        return join(cluster.admin(), name, allocatable);
    }

    public static TestNode join(KubernetesClient admin, String name, Map<String, String> allocatable) {
        return join(admin, name, allocatable, List.of(PROCESS));
    }

    /** A node that runs images too. */
    public static TestNode joinWithImages(TestCluster cluster, String name, Map<String, String> allocatable) {
        return join(cluster.admin(), name, allocatable, List.of(PROCESS, CONTAINER));
    }

    private static TestNode join(
            KubernetesClient admin,
            String name,
            Map<String, String> allocatable,
            List<AgentNodeStatus.DriverStatus> drivers) {
        Map<String, Quantity> quantities = new ConcurrentHashMap<>();
        allocatable.forEach((resource, amount) -> quantities.put(resource, new Quantity(amount)));
        TestNode node = new TestNode(admin, name, quantities, drivers);
        await().atMost(Duration.ofSeconds(20)).until(() -> "True".equals(node.ready()));
        return node;
    }

    public String name() {
        return name;
    }

    public String namespace() {
        return namespace;
    }

    /** The client with the node agent's own credential. */
    public KubernetesClient client() {
        return client;
    }

    /** How assignments are answered from now on; null: not at all. */
    public void behave(Function<AgentAssignment, AgentAssignmentStatus> newBehaviour) {
        behaviour = newBehaviour;
    }

    /** Stops the heartbeat and all answers, as if the machine had lost its power. */
    public void die() {
        beating = false;
        behaviour = assignment -> null;
    }

    public void revive() {
        beating = true;
        behaviour = this::running;
    }

    public String ready() {
        AgentNode node = admin.resources(AgentNode.class).withName(name).get();
        return node == null || node.getStatus() == null || node.getStatus().conditions() == null
                ? ""
                : node.getStatus().conditions().stream()
                        .filter(condition -> "Ready".equals(condition.getType()))
                        .map(condition -> condition.getStatus())
                        .findFirst()
                        .orElse("");
    }

    public AgentAssignmentStatus running(AgentAssignment assignment) {
        return status(assignment, AssignmentPhase.Running, null, null);
    }

    /** It runs at an address of the node's choice, which may be none of the node's own. */
    public AgentAssignmentStatus runningAt(AgentAssignment assignment, String address) {
        AgentAssignmentStatus running = running(assignment);
        return new AgentAssignmentStatus(
                running.phase(),
                running.observedGeneration(),
                running.agentGeneration(),
                running.reason(),
                running.message(),
                address,
                running.strength(),
                running.policy(),
                running.exitCode(),
                running.restarts(),
                running.transitions(),
                running.egress(),
                running.imageDigest(),
                null);
    }

    public AgentAssignmentStatus finished(AgentAssignment assignment, int exitCode) {
        return status(
                assignment,
                exitCode == 0 ? AssignmentPhase.Succeeded : AssignmentPhase.Failed,
                exitCode == 0 ? "Completed" : "ExitCode",
                exitCode);
    }

    /** The same, having used that. */
    public static AgentAssignmentStatus using(AgentAssignmentStatus status, AgentContainerStatus.Usage usage) {
        return new AgentAssignmentStatus(
                status.phase(),
                status.observedGeneration(),
                status.agentGeneration(),
                status.reason(),
                status.message(),
                status.address(),
                status.strength(),
                status.policy(),
                status.exitCode(),
                status.restarts(),
                status.transitions(),
                status.egress(),
                status.imageDigest(),
                status.weakness(),
                status.availability(),
                status.mountedImages(),
                usage);
    }

    /** It goes on as it was, at an earlier generation of its agent. */
    public AgentAssignmentStatus updateRefused(AgentAssignment assignment, long applied, String message) {
        AgentAssignmentStatus running = running(assignment);
        return new AgentAssignmentStatus(
                running.phase(),
                running.observedGeneration(),
                applied,
                "UpdateRefused",
                message,
                running.address(),
                running.strength(),
                running.policy(),
                null,
                0,
                running.transitions(),
                running.egress(),
                running.imageDigest(),
                null);
    }

    public AgentAssignmentStatus rejected(AgentAssignment assignment, String reason) {
        return new AgentAssignmentStatus(
                AssignmentPhase.Rejected,
                assignment.getMetadata().getGeneration(),
                null,
                reason,
                "the node has refused",
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    @Override
    public void close() {
        assignments.stop();
        policies.stop();
        thread.shutdownNow();
        client.close();
    }

    private static String address(AgentAssignment assignment) {
        return ADDRESSES.computeIfAbsent(assignment.getMetadata().getUid(), _ -> {
            int host = LAST_HOST.incrementAndGet();
            return "100.80.%d.%d".formatted(host / 256, host % 256);
        });
    }

    private AgentAssignmentStatus status(
            AgentAssignment assignment, AssignmentPhase phase, String reason, Integer exitCode) {
        String now = "2026-11-24T00:00:00.000000Z";
        List<AgentNodePolicy> parts = client.resources(AgentNodePolicy.class)
                .inNamespace(namespace)
                .list()
                .getItems();
        AgentNodePolicySpec.Group group = parts.stream()
                .flatMap(part -> part.getSpec().groups().stream())
                .filter(each -> each.name().equals(assignment.getSpec().policyGroup()))
                .findFirst()
                .orElseThrow(() -> new AssertionError("an assignment came before its policy group"));
        return new AgentAssignmentStatus(
                phase,
                assignment.getMetadata().getGeneration(),
                assignment.getSpec().agent().generation(),
                reason,
                null,
                address(assignment),
                IsolationLevel.Process,
                new AgentAssignmentStatus.Policy(group.name(), group.hash(), revision(parts)),
                exitCode,
                0,
                new AgentContainerStatus.Transitions(
                        null, null, now, now, now, phase == AssignmentPhase.Running ? null : now),
                null,
                assignment.getSpec().image() == null ? null : IMAGE_DIGEST,
                null);
    }

    private void answer(AgentAssignment assignment) {
        Function<AgentAssignment, AgentAssignmentStatus> current = behaviour;
        if (!beating) {
            return;
        }
        String uid = assignment.getMetadata().getUid();
        if (assignment.getMetadata().getDeletionTimestamp() != null) {
            if (reported.get(uid) != AssignmentPhase.Stopped) {
                write(
                        assignment,
                        rest -> new AgentAssignmentStatus(
                                AssignmentPhase.Stopped,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null,
                                null));
                reported.put(uid, AssignmentPhase.Stopped);
            }
            return;
        }
        AgentAssignmentStatus before = assignment.getStatus();
        boolean answered =
                before != null && assignment.getMetadata().getGeneration().equals(before.observedGeneration());
        if (!answered && reported.get(uid + "/" + assignment.getMetadata().getGeneration()) == null) {
            write(assignment, current);
            reported.put(uid + "/" + assignment.getMetadata().getGeneration(), AssignmentPhase.Running);
        }
    }

    private AgentAssignment newest(AgentAssignment told) {
        AgentAssignment stored = assignments
                .getStore()
                .getByKey(namespace + "/" + told.getMetadata().getName());
        return stored == null ? told : stored;
    }

    private void soon(Runnable task) {
        in(0, task);
    }

    /** As a real node agent does, it asks again where it had no answer: a server may close a connection under any request. */
    private void in(int seconds, Runnable task) {
        if (thread.isShutdown()) {
            return;
        }
        thread.schedule(
                () -> {
                    try {
                        task.run();
                    } catch (KubernetesClientException e) {
                        LOG.warn("node {}: what it failed to do", name, e);
                        // Without a code the API server has not answered.
                        if (e.getCode() == 0) {
                            in(RETRY_SECONDS, task);
                        }
                    }
                },
                seconds,
                TimeUnit.SECONDS);
    }

    /** Reports on an assignment now. */
    public void report(String agentUid, Function<AgentAssignment, AgentAssignmentStatus> status) {
        write(
                client.resources(AgentAssignment.class)
                        .inNamespace(namespace)
                        .withName(agentUid)
                        .require(),
                status);
    }

    private void write(AgentAssignment assignment, Function<AgentAssignment, AgentAssignmentStatus> status) {
        AgentAssignmentStatus answer = status.apply(assignment);
        if (answer == null) {
            return;
        }
        AgentAssignment written = new AgentAssignment();
        written.setMetadata(new ObjectMetaBuilder()
                .withName(assignment.getMetadata().getName())
                .withNamespace(namespace)
                .build());
        written.setStatus(answer);
        try {
            client.resource(written).subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE));
        } catch (KubernetesClientException e) {
            if (e.getCode() != 404) {
                throw e;
            }
        }
    }

    /** As a real node agent does: at once where a ruleset in use has changed, otherwise when there is company. */
    private void received(AgentNodePolicy policy) {
        String name = policy.getMetadata().getName();
        Map<String, String> now = new HashMap<>();
        policy.getSpec().groups().forEach(group -> now.put(group.name(), group.hash()));
        Map<String, String> before = held.put(name, now);
        boolean awaited = before != null
                && before.entrySet().stream()
                        .anyMatch(group -> now.containsKey(group.getKey())
                                && !now.get(group.getKey()).equals(group.getValue()));
        if (awaited) {
            soon(() -> acknowledge(policy));
        } else {
            in(ACKNOWLEDGED_WITHIN_SECONDS, () -> acknowledge(policy));
        }
    }

    private static long revision(List<AgentNodePolicy> parts) {
        return parts.stream()
                .mapToLong(part -> part.getMetadata().getGeneration())
                .sum();
    }

    private void acknowledge(AgentNodePolicy policy) {
        List<AgentNodePolicy> parts = policies.getStore().list();
        boolean newest = parts.stream()
                .filter(part ->
                        part.getMetadata().getName().equals(policy.getMetadata().getName()))
                .allMatch(part -> part.getMetadata()
                        .getGeneration()
                        .equals(policy.getMetadata().getGeneration()));
        boolean known = policy.getStatus() != null
                && policy.getMetadata()
                        .getGeneration()
                        .equals(policy.getStatus().observedGeneration());
        if (known || !newest || !beating) {
            return;
        }
        AgentNodePolicy written = new AgentNodePolicy();
        written.setMetadata(new ObjectMetaBuilder()
                .withName(policy.getMetadata().getName())
                .withNamespace(namespace)
                .build());
        written.setStatus(new AgentNodePolicyStatus(
                policy.getMetadata().getGeneration(),
                policy.getSpec().groups().stream()
                        .map(group -> new AgentNodePolicyStatus.EnforcedGroup(group.name(), group.hash()))
                        .toList(),
                null,
                revision(parts)));
        try {
            client.resource(written).subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE));
        } catch (KubernetesClientException e) {
            if (e.getCode() != 404) {
                throw e;
            }
        }
    }

    private void beat() {
        if (!beating) {
            return;
        }
        try {
            Lease present =
                    client.leases().inNamespace(namespace).withName("node").get();
            if (present == null) {
                client.resource(new LeaseBuilder()
                                .withNewMetadata()
                                .withName("node")
                                .withNamespace(namespace)
                                .endMetadata()
                                .withNewSpec()
                                .withHolderIdentity(name)
                                .withLeaseDurationSeconds(LEASE_SECONDS)
                                .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
                                .endSpec()
                                .build())
                        .create();
            } else {
                present.getSpec().setRenewTime(ZonedDateTime.now(ZoneOffset.UTC));
                client.resource(present).update();
            }
        } catch (KubernetesClientException e) {
            // A namespace that is being deleted takes no Lease.
        }
    }

    private void reportNode(Map<String, Quantity> allocatable, List<AgentNodeStatus.DriverStatus> drivers) {
        AgentNode written = node(name);
        written.setSpec(null);
        written.setStatus(new AgentNodeStatus(
                null,
                null,
                OperatingSystem.linux,
                Architecture.amd64,
                "6.1",
                "test",
                "test",
                allocatable,
                allocatable,
                drivers,
                null));
        client.resource(written).subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE));
    }

    private Optional<String> namespaceOfNode() {
        return Optional.ofNullable(
                        admin.resources(AgentNode.class).withName(name).get())
                .map(AgentNode::getStatus)
                .map(AgentNodeStatus::namespace);
    }

    private Config credential() {
        String token = admin.serviceAccounts()
                .inNamespace(namespace)
                .withName("node-agent")
                .tokenRequest()
                .getStatus()
                .getToken();
        Config adminConfig = admin.getConfiguration();
        return new ConfigBuilder(Config.empty())
                .withMasterUrl(adminConfig.getMasterUrl())
                .withCaCertData(adminConfig.getCaCertData())
                .withCaCertFile(adminConfig.getCaCertFile())
                .withOauthToken(token)
                .build();
    }

    private static AgentNode node(String name) {
        AgentNode node = new AgentNode();
        node.setMetadata(new ObjectMetaBuilder().withName(name).build());
        node.setSpec(new AgentNodeSpec(null, null, null, null, null));
        return node;
    }

    private static <T> ResourceEventHandler<T> handler(java.util.function.Consumer<T> consumer) {
        return new ResourceEventHandler<>() {
            @Override
            public void onAdd(T added) {
                consumer.accept(added);
            }

            @Override
            public void onUpdate(T before, T after) {
                consumer.accept(after);
            }

            @Override
            public void onDelete(T deleted, boolean stateUnknown) {
                // Nothing of it is left.
            }
        };
    }
}
