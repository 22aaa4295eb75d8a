package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.localcluster.process.ExternalProgram;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The charts on a real API server, which has no kubelets: objects are accepted and removed, nothing starts.
 * So uninstalling skips the drain hook, whose Job could not finish.
 */
@Tag("cluster")
class ChartInstallationIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String NAMESPACE = "agents-here";

    @TempDir
    static Path scratch;

    private static HelmCluster cluster;
    private static KubernetesClient client;

    private Set<String> before;

    @BeforeAll
    static void start() {
        cluster = HelmCluster.startOrSkip(scratch);
        client = cluster.client();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void makeNamespace() {
        before = cluster.objects();
        createNamespace();
    }

    @AfterEach
    void nothingIsLeft() {
        deleteNamespace();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(added(before)).isEmpty());
    }

    @Test
    void installsUpgradesAndUninstalls() {
        installApi();
        Set<String> withApi = cluster.objects();
        installMain();
        assertThat(added(withApi))
                .contains(
                        "Deployment " + NAMESPACE + "/agentcontainers-operator",
                        "DaemonSet " + NAMESPACE + "/agentcontainers-node-agent",
                        "NetworkPolicy " + NAMESPACE + "/agentcontainers-operator",
                        "PodDisruptionBudget " + NAMESPACE + "/agentcontainers-operator",
                        "Service " + NAMESPACE + "/agent-gateway",
                        "ClusterRole /agentcontainers-gateway",
                        "ClusterRoleBinding /agentcontainers-gateway");

        cluster.helm().run(main("upgrade", "--set", "nodeAgent.linux.enabled=false,operator.replicas=1"));
        assertThat(added(withApi)).noneMatch(object -> object.startsWith("DaemonSet"));
        assertThat(client.apps()
                        .deployments()
                        .inNamespace(NAMESPACE)
                        .withName("agentcontainers-operator")
                        .get()
                        .getSpec()
                        .getReplicas())
                .isEqualTo(1);

        uninstall("agentcontainers");
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(added(withApi)).isEmpty());
        uninstall("api");
    }

    @Test
    void theApiMayGoFirst() {
        installApi();
        installMain();
        uninstall("api");
        uninstall("agentcontainers");
    }

    @Test
    void theNamespaceMayGoFirst() {
        installApi();
        installMain();
        deleteNamespace();
        createNamespace();
        // The cluster-scoped objects are still there; a new release of that name takes them over.
        installApi();
        installMain();
        uninstall("agentcontainers");
        uninstall("api");
    }

    @Test
    void theApiStaysUnlessToldOtherwise() {
        cluster.helm().run("install", "api", Charts.API.toString(), "-n", NAMESPACE);
        uninstall("api");
        assertThat(added(before))
                .contains("CustomResourceDefinition /agentcontainers.agentcontainers.dev")
                .filteredOn(object -> object.contains(" /") && !object.startsWith("Namespace "))
                .allMatch(object -> object.startsWith("CustomResourceDefinition"));
        installApi();
        uninstall("api");
    }

    @Test
    void withoutTheApiTheInstallationSaysWhatIsMissing() {
        ExternalProgram.Result result = cluster.helm().attempt(main("install"));

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output()).contains("install the chart agentcontainers-crds first");
    }

    @Test
    void aSecondReleaseIsRefused() {
        installApi();
        installMain();
        ExternalProgram.Result second = cluster.helm()
                .attempt("install", "other", Charts.MAIN.toString(), "-n", "default", "--set", "drain.enabled=false");

        assertThat(second.exitCode()).isNotZero();
        assertThat(second.output()).contains("exists and cannot be imported into the current release");
        cluster.helm().attempt("uninstall", "other", "-n", "default");
        assertThat(client.apps()
                        .deployments()
                        .inNamespace(NAMESPACE)
                        .withName("agentcontainers-operator")
                        .get())
                .isNotNull();
        uninstall("agentcontainers");
        uninstall("api");
    }

    @Test
    void theDrainHookIsAccepted() {
        String hook = cluster.helm()
                .run("template", "t", Charts.MAIN.toString(), "-n", NAMESPACE, "--show-only", "templates/drain.yaml");

        ExternalProgram.Result result =
                cluster.kubectl().attemptWithInput(hook, "apply", "--dry-run=server", "-n", NAMESPACE, "-f", "-");

        assertThat(result.output()).contains("job.batch/agentcontainers-drain created (server dry run)");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void theOperatorsPodMeetsTheRestrictedStandard() {
        client.namespaces()
                .withName(NAMESPACE)
                .edit(namespace -> new NamespaceBuilder(namespace)
                        .editMetadata()
                        .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                        .endMetadata()
                        .build());
        installApi();
        installMain();

        dryRunPod(client.apps()
                .deployments()
                .inNamespace(NAMESPACE)
                .withName("agentcontainers-operator")
                .get()
                .getSpec()
                .getTemplate());
        uninstall("agentcontainers");
        uninstall("api");
    }

    @Test
    void theNodeAgentsPodIsAcceptedAndItsServiceAccountHasNoRights() {
        installApi();
        installMain();

        dryRunPod(client.apps()
                .daemonSets()
                .inNamespace(NAMESPACE)
                .withName("agentcontainers-node-agent")
                .get()
                .getSpec()
                .getTemplate());
        assertThat(mayReadSecrets("agentcontainers-node-agent")).isFalse();
        uninstall("agentcontainers");
        uninstall("api");
    }

    /** As the ReplicaSet or DaemonSet controller would make it, which this control plane has not. */
    private static void dryRunPod(PodTemplateSpec template) {
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> client.serviceAccounts()
                                .inNamespace(NAMESPACE)
                                .withName(template.getSpec().getServiceAccountName())
                                .get()
                        != null);
        client.resource(new PodBuilder()
                        .withNewMetadata()
                        .withName("trial")
                        .withNamespace(NAMESPACE)
                        .withLabels(template.getMetadata().getLabels())
                        .endMetadata()
                        .withSpec(template.getSpec())
                        .build())
                .dryRun()
                .create();
    }

    private static boolean mayReadSecrets(String serviceAccount) {
        return client.resource(new SubjectAccessReviewBuilder()
                        .withNewSpec()
                        .withUser("system:serviceaccount:" + NAMESPACE + ":" + serviceAccount)
                        .withNewResourceAttributes()
                        .withNamespace(NAMESPACE)
                        .withVerb("get")
                        .withResource("secrets")
                        .endResourceAttributes()
                        .endSpec()
                        .build())
                .create()
                .getStatus()
                .getAllowed();
    }

    private static void installApi() {
        cluster.helm().run("install", "api", Charts.API.toString(), "-n", NAMESPACE, "--set", "keep=false");
        cluster.kubectl()
                .run(
                        "wait",
                        "--for=condition=Established",
                        "--timeout=60s",
                        "crd",
                        "agentcontainers.agentcontainers.dev");
    }

    private static void installMain() {
        cluster.helm().run(main("install"));
    }

    private static String[] main(String verb, String... further) {
        List<String> line = new ArrayList<>(List.of(verb, "agentcontainers", Charts.MAIN.toString(), "-n", NAMESPACE));
        line.addAll(List.of(further));
        return line.toArray(String[]::new);
    }

    /**
     * After a look at all objects: a kind of which nobody has ever listed any is not ready to be ended ("storage is (re)initializing"), and the
     * API server tries that again at ever longer intervals, up to minutes.
     */
    private static void uninstall(String release) {
        cluster.objects();
        cluster.helm().run("uninstall", release, "-n", NAMESPACE, "--no-hooks", "--wait");
    }

    private static void createNamespace() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
    }

    private static void deleteNamespace() {
        client.namespaces().withName(NAMESPACE).delete();
        await().atMost(PATIENCE)
                .until(() -> client.namespaces().withName(NAMESPACE).get() == null);
    }

    private static Set<String> added(Set<String> earlier) {
        Set<String> now = new TreeSet<>(cluster.objects());
        now.removeAll(earlier);
        return now;
    }
}
