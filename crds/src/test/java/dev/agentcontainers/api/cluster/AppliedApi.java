package dev.agentcontainers.api.cluster;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.api.ApiManifests.Manifest;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.SharedControlPlane;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A control plane that knows the API, shared by the tests of this JVM. Tests use namespaces of their own. */
final class AppliedApi {
    private static @Nullable AppliedApi instance;

    private final ControlPlane controlPlane;
    private final KubernetesClient client;

    private AppliedApi(ControlPlane controlPlane) {
        this.controlPlane = controlPlane;
        client = controlPlane.adminClient();
    }

    /** Skips the test where this machine can't run a control plane. */
    static synchronized AppliedApi get() {
        if (instance == null) {
            try {
                var applied = new AppliedApi(SharedControlPlane.get());
                ApiManifests.all().forEach(applied::apply);
                applied.apply(new Manifest("finalizer.yaml", operatorsPolicy()));
                applied.awaitAdmission();
                instance = applied;
            } catch (MissingPrerequisiteException missing) {
                Assumptions.abort("no control plane here: " + missing.getMessage());
            }
        }
        return instance;
    }

    /** It comes with the operator. */
    private static String operatorsPolicy() {
        try {
            return Files.readString(
                    Path.of(System.getProperty("project.root")).resolve("helm/agentcontainers/files/finalizer.yaml"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    KubernetesClient client() {
        return client;
    }

    ControlPlane controlPlane() {
        return controlPlane;
    }

    List<HasMetadata> apply(Manifest manifest) {
        return client.load(new ByteArrayInputStream(manifest.yaml().getBytes(StandardCharsets.UTF_8)))
                .serverSideApply();
    }

    void createNamespace(String name, Map<String, String> labels) {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withLabels(labels)
                        .endMetadata()
                        .build())
                .serverSideApply();
    }

    /** Asks the API server to create the object as kubectl does: unknown fields are errors. Nothing is stored. */
    HasMetadata tryCreate(GenericKubernetesResource object) {
        return client.resource(object)
                .dryRun()
                .fieldValidation(FieldValidateable.Validation.STRICT)
                .create();
    }

    /** Admission policies take effect some time after they were accepted. */
    private void awaitAdmission() {
        createNamespace("admission-probe", Map.of(Api.INLINE_EGRESS_LABEL, "Forbidden"));
        await().atMost(Duration.ofSeconds(60))
                .ignoreExceptionsInstanceOf(KubernetesClientException.class)
                .until(() -> tryCreate(Manifests.named("probe", "admission-probe"))
                        .getMetadata()
                        .getFinalizers()
                        .contains(Api.FINALIZER));
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            try {
                tryCreate(Manifests.patched(
                        Manifests.named("probe", "admission-probe"),
                        Manifests.yaml(
                                "{spec: {network: {egress: [{name: a, to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}}")));
                return false;
            } catch (KubernetesClientException refused) {
                return true;
            }
        });
    }
}
