package dev.agentcontainers.cli.fleet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Applies what an administrator applies to a cluster: the API's manifests and the operator's rights. */
final class ApiInstallation {
    private static final PatchContext APPLY = new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager("agentctl")
            .withForce(true)
            .build();

    private ApiInstallation() {}

    /** Applies everything and waits until the API server serves the custom resources. */
    static boolean apply(KubernetesClient client, Programs programs) {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(OperatorProcess.NAMESPACE)
                        .endMetadata()
                        .build())
                .patch(APPLY);
        List<HasMetadata> objects = new ArrayList<>();
        for (Path file : yamlFiles(programs.file("crds/yaml"))) {
            objects.addAll(load(client, file));
        }
        for (Path file : yamlFiles(programs.file("helm/agentcontainers/files"))) {
            objects.addAll(load(client, file));
        }
        objects.stream()
                .filter(object -> isKnown(client, object))
                .forEach(object -> client.resource(object).patch(APPLY));
        objects.stream()
                .filter(CustomResourceDefinition.class::isInstance)
                .map(CustomResourceDefinition.class::cast)
                .forEach(definition -> client.resource(definition)
                        .waitUntilCondition(ApiInstallation::isEstablished, 30, TimeUnit.SECONDS));
        return true;
    }

    /** API servers before 1.36 can't change objects at admission: the operator then sets its finalizer itself. */
    private static boolean isKnown(KubernetesClient client, HasMetadata object) {
        return !object.getKind().startsWith("MutatingAdmissionPolicy")
                || client.supports(object.getApiVersion(), object.getKind());
    }

    private static boolean isEstablished(CustomResourceDefinition definition) {
        return definition != null
                && definition.getStatus() != null
                && definition.getStatus().getConditions() != null
                && definition.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Established")
                                && condition.getStatus().equals("True"));
    }

    private static List<Path> yamlFiles(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("the manifests in " + folder + " can't be read", e);
        }
    }

    private static List<HasMetadata> load(KubernetesClient client, Path file) {
        try (InputStream content = Files.newInputStream(file)) {
            return client.load(content).items();
        } catch (IOException e) {
            throw new UncheckedIOException("the manifest " + file + " can't be read", e);
        }
    }
}
