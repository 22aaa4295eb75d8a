package dev.agentcontainers.cli.demo;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.fleet.Pause;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The manifests of {@code examples/quickstart} on a cluster, as {@code kubectl apply -k} would put them there. */
final class QuickStart {
    static final String NAMESPACE = "quickstart";
    static final String NAME = "researcher";
    private static final String CODE = "researcher-code";
    private static final Duration FINISHED_WITHIN = Duration.ofSeconds(60);
    private static final Duration DELETED_WITHIN = Duration.ofSeconds(60);
    private static final Set<AgentPhase> FINAL = EnumSet.of(AgentPhase.Succeeded, AgentPhase.Failed);
    private static final PatchContext APPLY = new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager("agentctl-demo")
            .withForce(true)
            .build();

    private final KubernetesClient client;
    private final Path folder;

    QuickStart(KubernetesClient client, Path folder) {
        this.client = client;
        this.folder = folder;
    }

    /** Applies the manifests, after removing what an earlier run left of the agent. */
    boolean apply() {
        var earlier =
                client.resources(AgentContainer.class).inNamespace(NAMESPACE).withName(NAME);
        if (earlier.get() != null) {
            earlier.delete();
            earlier.waitUntilCondition(java.util.Objects::isNull, DELETED_WITHIN.toSeconds(), TimeUnit.SECONDS);
        }
        List<HasMetadata> manifests = load(folder.resolve("agent.yaml"));
        manifests.stream()
                .filter(manifest -> !(manifest instanceof AgentContainer))
                .forEach(manifest -> client.resource(manifest).patch(APPLY));
        client.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName(CODE)
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .withData(Map.of("agent.py", read(folder.resolve("agent.py"))))
                        .build())
                .patch(APPLY);
        manifests.stream()
                .filter(AgentContainer.class::isInstance)
                .forEach(manifest -> client.resource(manifest).patch(APPLY));
        return true;
    }

    /** Waits until the agent has finished, with or without success. */
    AgentContainer awaitFinished() {
        Instant end = Instant.now().plus(FINISHED_WITHIN);
        while (true) {
            AgentContainer agent = client.resources(AgentContainer.class)
                    .inNamespace(NAMESPACE)
                    .withName(NAME)
                    .get();
            if (agent != null
                    && agent.getStatus() != null
                    && FINAL.contains(agent.getStatus().phase())) {
                return agent;
            }
            if (Instant.now().isAfter(end)) {
                throw new UserException(
                        "the agent has not finished within " + FINISHED_WITHIN.toSeconds() + " s: " + describe(agent));
            }
            Pause.briefly();
        }
    }

    private static String describe(AgentContainer agent) {
        if (agent == null || agent.getStatus() == null) {
            return "the operator has not seen it yet";
        }
        StringBuilder text = new StringBuilder("phase " + agent.getStatus().phase());
        if (agent.getStatus().conditions() != null) {
            agent.getStatus()
                    .conditions()
                    .forEach(condition -> text.append("; ")
                            .append(condition.getType())
                            .append('=')
                            .append(condition.getStatus())
                            .append(" (")
                            .append(condition.getReason())
                            .append(") ")
                            .append(condition.getMessage()));
        }
        return text.toString();
    }

    private List<HasMetadata> load(Path file) {
        try (InputStream content = Files.newInputStream(file)) {
            return client.load(content).items();
        } catch (IOException e) {
            throw new UncheckedIOException("the manifest " + file + " can't be read", e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be read", e);
        }
    }
}
