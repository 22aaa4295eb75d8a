package dev.agentcontainers.cli.chart;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.binaries.Helm;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A control plane of the charts' tests alone, because they install and remove the API. */
final class HelmCluster implements AutoCloseable {

    /** What the cluster itself writes at any time, or follows from other objects. */
    private static final Set<String> PASSING = Set.of(
            "apiservices.apiregistration.k8s.io",
            "componentstatuses",
            "events",
            "events.events.k8s.io",
            "leases.coordination.k8s.io");

    private final ControlPlane controlPlane;
    private final KubernetesClient client;
    private final Command helm;
    private final Command kubectl;

    private HelmCluster(ControlPlane controlPlane, Path helm, Path scratch) {
        this.controlPlane = controlPlane;
        this.client = controlPlane.adminClient();
        String kubeconfig = controlPlane.kubeconfig().toString();
        this.helm = new Command(helm, List.of(), helmEnvironment(kubeconfig, scratch));
        this.kubectl = new Command(controlPlane.kubectl(), List.of("--kubeconfig", kubeconfig), Map.of());
    }

    static HelmCluster start(Path scratch) {
        Path helm = Helm.findOrBuild(System.getenv(), line -> System.err.println("helm: " + line));
        return new HelmCluster(
                ControlPlanes.with(ControlPlaneOptions.defaults()).temporary(), helm, scratch);
    }

    /** Helm without a cluster, for what it does offline. */
    static Command offlineHelm(Path scratch) {
        Path helm = Helm.findOrBuild(System.getenv(), line -> System.err.println("helm: " + line));
        return new Command(
                helm, List.of(), helmEnvironment(scratch.resolve("none").toString(), scratch));
    }

    Command helm() {
        return helm;
    }

    Command kubectl() {
        return kubectl;
    }

    KubernetesClient client() {
        return client;
    }

    /** Kind, namespace and name of every object that there is, but for those that come and go by themselves. */
    Set<String> objects() {
        String resources = kubectl.run("api-resources", "--verbs=list", "-o", "name")
                .lines()
                .filter(name -> !PASSING.contains(name))
                .collect(Collectors.joining(","));
        String line = "{range .items[*]}{.kind}{\" \"}{.metadata.namespace}{\"/\"}{.metadata.name}{\"\\n\"}{end}";
        return kubectl.run("get", resources, "--all-namespaces", "-o", "jsonpath=" + line)
                .lines()
                .filter(object -> object.contains("/"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Map<String, String> helmEnvironment(String kubeconfig, Path scratch) {
        String folder = scratch.toString();
        return Map.of(
                "KUBECONFIG", kubeconfig,
                "HELM_CACHE_HOME", folder,
                "HELM_CONFIG_HOME", folder,
                "HELM_DATA_HOME", folder);
    }

    @Override
    public void close() {
        client.close();
        controlPlane.close();
    }
}
