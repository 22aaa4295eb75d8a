package dev.agentcontainers.localcluster;

import dev.agentcontainers.localcluster.process.ExternalProgram;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Everything that is in a cluster, for tests of what is left behind. */
public final class ClusterContents {

    /** What the cluster itself writes at any time, or follows from other objects. */
    private static final Set<String> PASSING = Set.of(
            "apiservices.apiregistration.k8s.io",
            "componentstatuses",
            "events",
            "events.events.k8s.io",
            "leases.coordination.k8s.io");

    private static final String LINE =
            "{range .items[*]}{.kind}{\" \"}{.metadata.namespace}{\"/\"}{.metadata.name}{\"\\n\"}{end}";

    private ClusterContents() {}

    /** {@code Kind namespace/name} of every object that there is, but for those that come and go by themselves. */
    public static Set<String> of(ExternalProgram kubectl) {
        String resources = kubectl.run("api-resources", "--verbs=list", "-o", "name")
                .lines()
                .filter(name -> !PASSING.contains(name))
                .collect(Collectors.joining(","));
        return kubectl.run("get", resources, "--all-namespaces", "-o", "jsonpath=" + LINE)
                .lines()
                .filter(object -> object.contains("/"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The administrator's kubectl of a control plane. */
    public static ExternalProgram kubectl(ControlPlane controlPlane) {
        return new ExternalProgram(
                controlPlane.kubectl(),
                List.of("--kubeconfig", controlPlane.kubeconfig().toString()),
                Map.of());
    }
}
