package dev.agentcontainers.cli.egress;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Reads what a user may see of a cluster, all at the same time, and says what it was not shown.
 *
 * @param namespace of the agents whose flows are judged; what may be seen of others is read too
 * @param ofAllAgents whether flows of other namespaces' agents are judged as well
 */
public record ClusterObjects(KubernetesClient client, String namespace, boolean ofAllAgents) {
    private static final ResourceDefinitionContext CLUSTER_NETWORK_POLICIES = new ResourceDefinitionContext.Builder()
            .withGroup("policy.networking.k8s.io")
            .withVersion("v1alpha2")
            .withPlural("clusternetworkpolicies")
            .withKind("ClusterNetworkPolicy")
            .withNamespaced(false)
            .build();

    /** For flows of the namespace's agents. */
    public ClusterObjects(KubernetesClient client, String namespace) {
        this(client, namespace, false);
    }

    public KnownObjects read() {
        List<String> unknown = Collections.synchronizedList(new ArrayList<>());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var agents = CompletableFuture.supplyAsync(() -> agents(unknown), threads);
            var policies = CompletableFuture.supplyAsync(
                    () -> everywhereOrHere(
                            "NetworkPolicies",
                            "what lets other namespaces' agents and Pods be reached",
                            () -> client.network()
                                    .v1()
                                    .networkPolicies()
                                    .inAnyNamespace()
                                    .list()
                                    .getItems(),
                            () -> client.network()
                                    .v1()
                                    .networkPolicies()
                                    .inNamespace(namespace)
                                    .list()
                                    .getItems(),
                            unknown),
                    threads);
            var egressPolicies = CompletableFuture.supplyAsync(() -> egressPolicies(unknown), threads);
            var namespaces = CompletableFuture.supplyAsync(
                    () -> known(
                            "Namespaces",
                            "labels of namespaces, so that each has only the label of its name",
                            () -> client.namespaces().list().getItems(),
                            unknown),
                    threads);
            var pods = CompletableFuture.supplyAsync(
                    () -> everywhereOrHere(
                            "Pods",
                            "Pods of other namespaces, whose addresses are taken for strangers'",
                            () -> client.pods().inAnyNamespace().list().getItems(),
                            () -> client.pods().inNamespace(namespace).list().getItems(),
                            unknown),
                    threads);
            var nodes = CompletableFuture.supplyAsync(
                    () -> known(
                            "Nodes",
                            "addresses of nodes, which are closed to agents",
                            () -> client.nodes().list().getItems(),
                            unknown),
                    threads);
            var clusterPolicies = CompletableFuture.supplyAsync(
                    () -> known(
                            "ClusterNetworkPolicies",
                            "tiers Admin and Baseline, which come before and after what is said here",
                            this::clusterNetworkPolicies,
                            unknown),
                    threads);
            return new KnownObjects(
                    agents.join(),
                    namespaces.join(),
                    pods.join(),
                    nodes.join(),
                    policies.join(),
                    egressPolicies.join(),
                    clusterPolicies.join(),
                    unknown);
        } catch (CompletionException e) {
            throw e.getCause() instanceof KubernetesClientException refused
                    ? new UserException("the cluster could not be asked: " + refused.getMessage())
                    : e;
        }
    }

    private List<AgentContainer> agents(List<String> unknown) {
        return everywhereOrHere(
                "AgentContainers",
                "AgentContainers of other namespaces, whose addresses are taken for strangers'",
                () -> client.resources(AgentContainer.class)
                        .inAnyNamespace()
                        .list()
                        .getItems(),
                () -> client.resources(AgentContainer.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems(),
                unknown);
    }

    /** Those of other namespaces have a say on what agents there send, and on nothing else. */
    private List<EgressPolicy> egressPolicies(List<String> unknown) {
        Supplier<List<EgressPolicy>> here = () -> client.resources(EgressPolicy.class)
                .inNamespace(namespace)
                .list()
                .getItems();
        return ofAKindThatMayLack(
                ofAllAgents
                        ? () -> everywhereOrHere(
                                "EgressPolicies",
                                "what lets other namespaces' agents send",
                                () -> client.resources(EgressPolicy.class)
                                        .inAnyNamespace()
                                        .list()
                                        .getItems(),
                                here,
                                unknown)
                        : here);
    }

    private List<GenericKubernetesResource> clusterNetworkPolicies() {
        return ofAKindThatMayLack(() -> client.genericKubernetesResources(CLUSTER_NETWORK_POLICIES)
                .list()
                .getItems());
    }

    /** None where the kind is not installed, or not yet. */
    private static <T> List<T> ofAKindThatMayLack(Supplier<List<T>> list) {
        try {
            return list.get();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    /** Of all namespaces where that may be seen, else of this one, which must be. */
    private static <T extends HasMetadata> List<T> everywhereOrHere(
            String kind, String lack, Supplier<List<T>> everywhere, Supplier<List<T>> here, List<String> unknown) {
        try {
            return everywhere.get();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_FORBIDDEN) {
                throw e;
            }
            unknown.add(unknown(kind + " of other namespaces", lack));
            return here.get();
        }
    }

    private static <T> List<T> known(String kind, String lack, Supplier<List<T>> list, List<String> unknown) {
        try {
            return list.get();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_FORBIDDEN) {
                throw e;
            }
            unknown.add(unknown(kind, lack));
            return List.of();
        }
    }

    private static String unknown(String what, String lack) {
        return "%s may not be listed with these credentials: not known are %s".formatted(what, lack);
    }
}
