package dev.agentcontainers.bench.statuspath;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.nodeagent.kubernetes.Heartbeat;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A node that starts nothing and says at once that it runs, with the credential of a node agent: what is left of an agent's
 * way to Running is the API server, the operator, and who writes.
 */
final class StandInNode implements AutoCloseable {
    private static final PatchContext MERGE = new PatchContext.Builder()
            .withPatchType(PatchType.JSON_MERGE)
            .withFieldManager("agentcontainers-node-agent")
            .build();

    private final KubernetesClient admin;
    private final String name;
    private final String namespace;
    private final KubernetesClient client;
    private final Heartbeat heartbeat;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<String> answered = ConcurrentHashMap.newKeySet();
    private volatile List<AgentNodePolicySpec.Group> groups = List.of();
    private final List<SharedIndexInformer<?>> informers;

    private StandInNode(KubernetesClient admin, String name, String namespace, KubernetesClient client) {
        this.admin = admin;
        this.name = name;
        this.namespace = namespace;
        this.client = client;
        this.heartbeat = new Heartbeat(client, namespace, name, Clock.systemUTC());
        heartbeat.start();
        status(AgentNode.class, null, name, StatusDocuments.node());
        this.informers = List.of(
                client.resources(AgentNodePolicy.class).inNamespace(namespace).inform(handler(this::acknowledge)),
                client.resources(AgentAssignment.class)
                        .inNamespace(namespace)
                        .inform(handler(assignment -> threads.execute(() -> answer(assignment)))));
    }

    /** Joins under that name; returns when the operator has made its namespace. */
    static StandInNode join(KubernetesClient admin, String name) throws InterruptedException {
        AgentNode node = new AgentNode();
        node.setMetadata(new ObjectMetaBuilder().withName(name).build());
        admin.resource(node).create();
        String namespace = Waiting.until(
                "AgentNode " + name + " has a namespace and a ServiceAccount",
                () -> namespaceOf(admin, name)
                        .filter(found -> admin.serviceAccounts()
                                        .inNamespace(found)
                                        .withName("node-agent")
                                        .get()
                                != null));
        Config config = admin.getConfiguration();
        Config own = new io.fabric8.kubernetes.client.ConfigBuilder(Config.empty())
                .withMasterUrl(config.getMasterUrl())
                .withCaCertData(config.getCaCertData())
                .withOauthToken(admin.serviceAccounts()
                        .inNamespace(namespace)
                        .withName("node-agent")
                        .tokenRequest()
                        .getStatus()
                        .getToken())
                .build();
        StandInNode joined = new StandInNode(
                admin,
                name,
                namespace,
                new KubernetesClientBuilder().withConfig(own).build());
        Waiting.until("AgentNode " + name + " is Ready", joined::ready);
        return joined;
    }

    private static Optional<String> namespaceOf(KubernetesClient admin, String name) {
        return Optional.ofNullable(
                        admin.resources(AgentNode.class).withName(name).get())
                .map(AgentNode::getStatus)
                .map(AgentNodeStatus::namespace);
    }

    private Optional<Boolean> ready() {
        return Optional.ofNullable(
                        admin.resources(AgentNode.class).withName(name).get())
                .map(AgentNode::getStatus)
                .map(AgentNodeStatus::conditions)
                .filter(conditions -> conditions.stream()
                        .anyMatch(condition -> condition.getType().equals("Ready")
                                && condition.getStatus().equals("True")))
                .map(_ -> true);
    }

    String namespace() {
        return namespace;
    }

    private void acknowledge(AgentNodePolicy policy) {
        groups = policy.getSpec().groups();
        long generation = policy.getMetadata().getGeneration();
        boolean known = policy.getStatus() != null
                && Long.valueOf(generation).equals(policy.getStatus().observedGeneration());
        if (!known) {
            status(
                    AgentNodePolicy.class,
                    namespace,
                    policy.getMetadata().getName(),
                    StatusDocuments.acknowledgement(generation, groups));
        }
    }

    private void answer(AgentAssignment assignment) {
        String uid = assignment.getMetadata().getName();
        if (assignment.getMetadata().getDeletionTimestamp() != null) {
            if (answered.add(uid + " stopped")) {
                status(AgentAssignment.class, namespace, uid, StatusDocuments.stopped());
            }
        } else if (answered.add(uid)) {
            String group = assignment.getSpec().policyGroup();
            String hash = Stream.ofNullable(groups)
                    .flatMap(List::stream)
                    .filter(each -> each.name().equals(group))
                    .map(AgentNodePolicySpec.Group::hash)
                    .findFirst()
                    .orElse("");
            if (StatusPath.writesItself(assignment.getSpec().agent().name())) {
                status(
                        AgentContainer.class,
                        assignment.getSpec().agent().namespace(),
                        assignment.getSpec().agent().name(),
                        StatusDocuments.agentRuns(assignment, name, hash));
            } else {
                status(AgentAssignment.class, namespace, uid, StatusDocuments.assignmentRuns(assignment, hash));
            }
        }
    }

    /** Without a read before: a patch of an object at hand, not of a name, for which the client asks the server first. */
    private <T extends HasMetadata> void status(
            Class<T> type, @Nullable String inNamespace, String named, String document) {
        T item = client.getKubernetesSerialization().unmarshal(document, type);
        item.setMetadata(new ObjectMetaBuilder()
                .withName(named)
                .withNamespace(inNamespace)
                .build());
        try {
            client.resource(item).subresource("status").patch(MERGE);
        } catch (KubernetesClientException e) {
            if (e.getCode() != 404) {
                throw e;
            }
        }
    }

    private static <T> ResourceEventHandler<T> handler(Consumer<T> seen) {
        return new ResourceEventHandler<>() {
            @Override
            public void onAdd(T added) {
                seen.accept(added);
            }

            @Override
            public void onUpdate(T before, T after) {
                seen.accept(after);
            }

            @Override
            public void onDelete(T deleted, boolean unknown) {
                // Nothing is left of it here.
            }
        };
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::stop);
        heartbeat.close();
        threads.shutdownNow();
        client.close();
    }
}
