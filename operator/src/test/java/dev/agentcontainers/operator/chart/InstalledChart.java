package dev.agentcontainers.operator.chart;

import static org.awaitility.Awaitility.await;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.process.ExternalProgram;
import dev.agentcontainers.operator.testing.OperatorProcess;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The charts on a control plane of their own, with processes in place of their Pods. */
final class InstalledChart implements AutoCloseable {
    static final String NAMESPACE = "agents-here";
    static final String OPERATOR = "agentcontainers-operator";

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration DRAIN_WITHIN = Duration.ofSeconds(150);
    private static final String RELEASE = "agentcontainers";
    private static final String API_RELEASE = "api";

    private final HelmCluster cluster;
    private final KubernetesClient admin;

    private InstalledChart(HelmCluster cluster) {
        this.cluster = cluster;
        this.admin = cluster.client();
    }

    /** Nothing is installed yet. Skips the test where there is no Helm. */
    static InstalledChart on(Path scratch) {
        return new InstalledChart(HelmCluster.startOrSkip(scratch));
    }

    KubernetesClient admin() {
        return admin;
    }

    ControlPlane controlPlane() {
        return cluster.controlPlane();
    }

    boolean isSameClusterAs(InstalledChart other) {
        return controlPlane().apiServer().equals(other.controlPlane().apiServer());
    }

    Set<String> contents() {
        return cluster.objects();
    }

    void createNamespace(String name) {
        admin.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .create();
    }

    void installApi() {
        cluster.helm().run("install", API_RELEASE, Charts.API.toString(), "-n", NAMESPACE, "--set", "keep=false");
        cluster.kubectl().run("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all");
    }

    void installMain(String... values) {
        List<String> line = new ArrayList<>(List.of(
                "install", RELEASE, Charts.MAIN.toString(), "-n", NAMESPACE, "--set", "drain.timeoutSeconds=120"));
        for (String value : values) {
            line.addAll(List.of("--set", value));
        }
        cluster.helm().run(line.toArray(String[]::new));
    }

    void uninstallApi() {
        cluster.helm().run("uninstall", API_RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "90s");
    }

    /** The whole as a user does it, with hooks. */
    ExternalProgram.Result attemptUninstall(Duration timeout) {
        return cluster.helm().attempt("uninstall", RELEASE, "-n", NAMESPACE, "--timeout", timeout.toSeconds() + "s");
    }

    /** What Helm deletes after its hooks. */
    void uninstallMain() {
        cluster.helm().run("uninstall", RELEASE, "-n", NAMESPACE, "--no-hooks", "--wait", "--timeout", "90s");
    }

    /**
     * Starts a replica of the operator: with its Deployment's environment and its ServiceAccount's rights.
     *
     * @param pod name of its Pod
     * @param address of its Pod
     * @param further environment that goes before the Deployment's
     */
    OperatorProcess startOperator(String pod, String address, Map<String, String> further) {
        Deployment deployment = admin.apps()
                .deployments()
                .inNamespace(NAMESPACE)
                .withName(OPERATOR)
                .require();
        Container container =
                deployment.getSpec().getTemplate().getSpec().getContainers().getFirst();
        Map<String, String> environment = new HashMap<>(PodEnvironment.of(
                container,
                admin.services().inNamespace(NAMESPACE).list().getItems(),
                Map.of("status.podIP", address, "metadata.name", pod, "spec.nodeName", "machine-of-" + pod)));
        // Two of them on one machine.
        environment.put("AGENTCONTAINERS_GATEWAY_PORT", "0");
        environment.putAll(further);
        return start(
                pod,
                deployment.getSpec().getTemplate().getSpec().getServiceAccountName(),
                environment,
                container.getArgs());
    }

    /** Whether the Deployment is there and wants replicas. */
    boolean wantsOperator() {
        Deployment deployment = admin.apps()
                .deployments()
                .inNamespace(NAMESPACE)
                .withName(OPERATOR)
                .get();
        return deployment != null && deployment.getSpec().getReplicas() > 0;
    }

    /** Makes the hooks' objects as Helm does, and runs the Job's command with the Job's rights; gives its output and exit code. */
    ExternalProgram.Result drain(String... replacedArguments) {
        List<HasMetadata> hooks = hooks();
        hooks.stream()
                .filter(hook -> !(hook instanceof Job))
                .forEach(hook -> admin.resource(hook).createOr(present -> present.update()));
        Job job = hooks.stream()
                .filter(Job.class::isInstance)
                .map(Job.class::cast)
                .findFirst()
                .orElseThrow();
        Container container =
                job.getSpec().getTemplate().getSpec().getContainers().getFirst();
        OperatorProcess process = start(
                "drain",
                job.getSpec().getTemplate().getSpec().getServiceAccountName(),
                PodEnvironment.of(container, List.of(), Map.of()),
                replacedArguments.length == 0 ? container.getArgs() : List.of(replacedArguments));
        try {
            int exitCode = process.awaitExit(DRAIN_WITHIN);
            return new ExternalProgram.Result(exitCode, process.log());
        } finally {
            process.close();
            hooks.stream()
                    .filter(hook -> !(hook instanceof Job))
                    .forEach(hook -> admin.resource(hook).delete());
        }
    }

    private List<HasMetadata> hooks() {
        String yaml = cluster.helm().run("get", "hooks", RELEASE, "-n", NAMESPACE);
        return admin.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items().stream()
                .sorted(Comparator.comparingInt(hook ->
                        Integer.parseInt(hook.getMetadata().getAnnotations().get("helm.sh/hook-weight"))))
                .toList();
    }

    private OperatorProcess start(
            String name, String serviceAccount, Map<String, String> environment, List<String> arguments) {
        Map<String, String> all = new HashMap<>(environment);
        all.put("HOSTNAME", name);
        all.put("KUBECONFIG", kubeconfig(serviceAccount).toString());
        // A free port is a system property's, which goes before the environment's.
        return OperatorProcess.start("chart-" + name, List.of(), all, arguments);
    }

    private Path kubeconfig(String serviceAccount) {
        return controlPlane()
                .kubeconfigFor(
                        "system:serviceaccount:%s:%s".formatted(NAMESPACE, serviceAccount),
                        "system:serviceaccounts",
                        "system:serviceaccounts:" + NAMESPACE);
    }

    void deleteNamespace(String name) {
        admin.namespaces().withName(name).delete();
        await(name + " is gone")
                .atMost(PATIENCE)
                .until(() -> admin.namespaces().withName(name).get() == null);
    }

    @Override
    public void close() {
        cluster.close();
    }
}
