package dev.agentcontainers.operator.drain;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.authority.AuthoritySecret;
import dev.agentcontainers.protocol.GatewayPaths;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.HttpURLConnection;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is left of a fleet. Each method brings it nearer to nothing and says what is left; empty means nothing. */
public final class Remains {
    /** The MutatingAdmissionPolicyBinding that has the finalizer set when an AgentContainer is created. */
    static final String FINALIZER_BINDING = "finalizer." + Api.GROUP;

    /** The type of bootstrap tokens' Secrets. */
    private static final String BOOTSTRAP_TOKEN_TYPE = Api.GROUP + "/bootstrap-token";

    private static final long PAGE = 500;
    private static final int AT_ONCE = 16;
    private static final int NAMES_SHOWN = 5;
    private static final ResourceDefinitionContext BINDINGS = new ResourceDefinitionContext.Builder()
            .withGroup("admissionregistration.k8s.io")
            .withVersion("v1")
            .withKind("MutatingAdmissionPolicyBinding")
            .withPlural("mutatingadmissionpolicybindings")
            .build();

    private final KubernetesClient client;
    private final String namespace;
    private boolean letGoOfAll;

    /** @param namespace the operator's own */
    public Remains(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /**
     * Nodes first, so that the scheduler has none to place an agent on; then what was assigned to them, so that the operator has
     * each agent stopped by its node, or gives up those of a node that is dead.
     */
    Optional<String> removeNodes() {
        List<AgentNode> nodes =
                listed(() -> client.resources(AgentNode.class).list().getItems());
        nodes.forEach(this::delete);
        List<AgentAssignment> assignments = assignments();
        assignments.forEach(this::delete);
        return nodes.isEmpty() && assignments.isEmpty()
                ? Optional.empty()
                : Optional.of("%d agent(s) to stop, %d node(s) to remove%s"
                        .formatted(assignments.size(), nodes.size(), names(nodes)));
    }

    /** Until the operator has said of each agent what became of it: nobody corrects a status afterwards. */
    Optional<String> awaitReports() {
        int open = sumOfPages(agents ->
                (int) agents.stream().filter(Remains::seemsToBeOnANode).count());
        return open == 0 ? Optional.empty() : Optional.of("%d AgentContainer(s) not reported on yet".formatted(open));
    }

    /** Only an operator could have made them, and only a running one can have their agents stopped. */
    Optional<String> findAssignments() {
        int found = assignments().size();
        return found == 0 ? Optional.empty() : Optional.of("%d agent(s) were placed meanwhile".formatted(found));
    }

    /** From now on an AgentContainer is created without the finalizer that nobody would remove. */
    Optional<String> stopMarking() {
        ignoring(
                HttpURLConnection.HTTP_NOT_FOUND,
                () -> client.genericKubernetesResources(BINDINGS)
                        .withName(FINALIZER_BINDING)
                        .delete());
        return Optional.empty();
    }

    /**
     * Takes the finalizer from AgentContainers: their agents are gone. Looks twice, because an API server may take a moment to
     * notice that finalizers are no longer set.
     */
    Optional<String> letGo() {
        int held = sumOfPages(this::releaseHeld);
        boolean secondLook = letGoOfAll;
        letGoOfAll = held == 0;
        if (held == 0 && secondLook) {
            return Optional.empty();
        }
        return Optional.of(held == 0 ? "none is held; looking once more" : held + " AgentContainer(s) were held");
    }

    /** The gateway's authority and address, and bootstrap tokens. The Lease stays: it remembers the epoch. */
    Optional<String> removeOwn() {
        client.secrets().inNamespace(namespace).withName(AuthoritySecret.NAME).delete();
        client.configMaps()
                .inNamespace(namespace)
                .withName(GatewayPaths.CONFIG_MAP)
                .delete();
        String type = URLEncoder.encode("type=" + BOOTSTRAP_TOKEN_TYPE, StandardCharsets.UTF_8);
        client.raw("/api/v1/namespaces/%s/secrets?fieldSelector=%s".formatted(namespace, type), "DELETE", null);
        return Optional.empty();
    }

    private List<AgentAssignment> assignments() {
        return listed(() ->
                client.resources(AgentAssignment.class).inAnyNamespace().list().getItems());
    }

    private static boolean seemsToBeOnANode(AgentContainer agent) {
        boolean givenUp = agent.getMetadata().getDeletionTimestamp() != null
                && !agent.getMetadata().getFinalizers().contains(Api.FINALIZER);
        if (givenUp || agent.getStatus() == null || agent.getStatus().phase() == null) {
            return false;
        }
        return switch (agent.getStatus().phase()) {
            case Scheduled, Preparing, Running, Suspended, Terminating -> true;
            case Pending, Succeeded, Failed -> false;
        };
    }

    private int sumOfPages(ToIntFunction<List<AgentContainer>> work) {
        int sum = 0;
        @Nullable String next = null;
        do {
            KubernetesResourceList<AgentContainer> page = page(next);
            sum += work.applyAsInt(page.getItems());
            next = page.getMetadata() == null ? null : page.getMetadata().getContinue();
        } while (next != null && !next.isEmpty());
        return sum;
    }

    private int releaseHeld(List<AgentContainer> agents) {
        List<AgentContainer> held = agents.stream()
                .filter(agent -> agent.getMetadata().getFinalizers().contains(Api.FINALIZER))
                .toList();
        releaseAll(held);
        return held.size();
    }

    private KubernetesResourceList<AgentContainer> page(@Nullable String start) {
        ListOptions options =
                new ListOptionsBuilder().withLimit(PAGE).withContinue(start).build();
        try {
            return client.resources(AgentContainer.class).inAnyNamespace().list(options);
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return new DefaultKubernetesResourceList<>();
            }
            throw e;
        }
    }

    /** Where the API itself is gone already, so are its objects. */
    private static <T> List<T> listed(Supplier<List<T>> list) {
        try {
            return list.get();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    private void delete(HasMetadata object) {
        if (object.getMetadata().getDeletionTimestamp() == null) {
            client.resource(object).delete();
        }
    }

    private void releaseAll(List<AgentContainer> agents) {
        try (ExecutorService workers =
                Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory())) {
            List<Future<?>> released = new ArrayList<>();
            agents.forEach(agent -> released.add(workers.submit(() -> release(agent))));
            for (Future<?> each : released) {
                each.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KubernetesClientException refused) {
                // The others were let go of all the same; these are looked at again.
                throw refused;
            }
            throw new IllegalStateException("an AgentContainer could not be let go of: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void release(AgentContainer agent) {
        ObjectMeta metadata = agent.getMetadata();
        String others = metadata.getFinalizers().stream()
                .filter(finalizer -> !finalizer.equals(Api.FINALIZER))
                .map(finalizer -> '"' + finalizer + '"')
                .collect(Collectors.joining(",", "[", "]"));
        // The version makes the API server refuse where anyone has changed the object meanwhile: the next look sees
        // that.
        String patch = "{\"metadata\":{\"resourceVersion\":\"%s\",\"finalizers\":%s}}"
                .formatted(metadata.getResourceVersion(), others);
        ignoring(
                HttpURLConnection.HTTP_CONFLICT,
                () -> ignoring(
                        HttpURLConnection.HTTP_NOT_FOUND,
                        () -> client.resource(agent).patch(PatchContext.of(PatchType.JSON_MERGE), patch)));
    }

    private static void ignoring(int code, Runnable call) {
        try {
            call.run();
        } catch (KubernetesClientException e) {
            if (e.getCode() != code) {
                throw e;
            }
        }
    }

    private static String names(List<? extends HasMetadata> objects) {
        String shown = objects.stream()
                .limit(NAMES_SHOWN)
                .map(object -> Objects.requireNonNull(object.getMetadata().getName()))
                .collect(Collectors.joining(", "));
        return objects.isEmpty() ? "" : " (%s%s)".formatted(shown, objects.size() > NAMES_SHOWN ? " …" : "");
    }
}
