package dev.agentcontainers.bench.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.bench.Removal;
import dev.agentcontainers.cli.fleet.FleetLayout;
import dev.agentcontainers.cli.fleet.LocalFleet;
import dev.agentcontainers.cli.fleet.Programs;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Files;
import java.nio.file.Path;

/** A fleet for one benchmark, with one node, in a folder of its own. */
public final class BenchFleet implements AutoCloseable {
    public static final String NAMESPACE = "bench";
    public static final String NODE = "local-1";

    private final FleetLayout layout;
    private final LocalFleet fleet;
    private final Removal removal;

    private BenchFleet(Path root, ControlPlaneOptions options) {
        this.layout = new FleetLayout(Path.of("/var/lib/agentcontainers/bench"), Path.of("/run/agentcontainers/bench"));
        Programs programs = new Programs(root, Path.of(System.getProperty("java.home"), "bin", "java"));
        this.fleet = new LocalFleet(layout, programs, new Progress(System.err), options);
        // What an earlier one left that was killed.
        fleet.down();
        this.removal = new Removal(fleet::down);
    }

    /** Brings it up and waits until its node is Ready. */
    public static BenchFleet up(Path root, ControlPlaneOptions options) {
        requireNoOther();
        BenchFleet bench = new BenchFleet(root, options);
        bench.fleet.up(1, true);
        try (ControlPlane controlPlane = bench.controlPlane();
                KubernetesClient client = controlPlane.adminClient()) {
            client.resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(NAMESPACE)
                            .endMetadata()
                            .build())
                    .create();
        }
        return bench;
    }

    /** Two fleets' nodes of the same name would share control groups and a fence. */
    private static void requireNoOther() {
        FleetLayout usual = FleetLayout.of(
                System.getenv(), System.getProperty("user.name"), Path.of(System.getProperty("user.home")));
        if (Files.exists(usual.home())) {
            throw new UserException("there is a local fleet in " + usual.home()
                    + ", whose nodes have the names of the benchmark's: remove it with ./agentctl down");
        }
    }

    public FleetLayout layout() {
        return layout;
    }

    /** What its processes run from. */
    public Programs programs() {
        return fleet.copies();
    }

    public ControlPlane controlPlane() {
        return fleet.attach();
    }

    /** A small agent that runs until it is deleted. The label makes it a policy group of its own where it differs. */
    static AgentContainer agent(KubernetesClient client, String name, String label) {
        return client.getKubernetesSerialization()
                .unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: %s, namespace: %s, labels: {app: %s}}
                spec:
                  isolation: {className: process}
                  command: [/bin/sleep, "100000"]
                  resources:
                    requests: {cpu: 1m, memory: 4Mi}
                    limits: {cpu: 100m, memory: 64Mi, pids: 16}
                  network:
                    egress:
                    - name: data
                      to: [{ipBlock: {cidr: 10.20.0.0/16, except: [10.20.9.0/24]}}]
                      ports: [{protocol: TCP, port: 8080}]
                  lifecycle: {restartPolicy: Never, terminationGracePeriodSeconds: 0}
                """.formatted(name, NAMESPACE, label), AgentContainer.class);
    }

    @Override
    public void close() {
        removal.close();
    }
}
