package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.cluster.PersistentCluster;
import dev.agentcontainers.localcluster.process.LoopbackPorts;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What runs of a fleet, for people. */
final class FleetStatus {
    private final FleetLayout layout;
    private final Programs programs;
    private final PrintStream out;
    private boolean all = true;

    FleetStatus(FleetLayout layout, Programs programs, PrintStream out) {
        this.layout = layout;
        this.programs = programs;
        this.out = out;
    }

    /** Prints it; true where all of it runs and every node is Ready. */
    boolean print(List<String> nodeNames) {
        if (!Files.exists(layout.home())) {
            out.println("There is no local fleet: start one with agentctl up");
            return false;
        }
        PersistentCluster cluster = PersistentCluster.at(layout.controlPlane());
        PersistentCluster.Status status = cluster.status();
        line(
                "control plane",
                status.state().name().toLowerCase(Locale.ROOT).replace('_', ' ') + " " + status.processes(),
                status.state() == PersistentCluster.State.RUNNING);
        OperatorProcess operator = new OperatorProcess(layout, programs);
        process("operator", "", operator.process());
        operator.gatewayPort()
                .ifPresent(port -> line(
                        "gateway",
                        operator.gateway() + (LoopbackPorts.accepts(port) ? "" : " does not answer"),
                        LoopbackPorts.accepts(port)));
        nodeNames.forEach(name -> process("node agent", name + " ", new NodeProcess(layout, programs, name).process()));
        Optional<ControlPlane> running = cluster.attach();
        running.ifPresent(this::objects);
        return all && running.isPresent();
    }

    private void objects(ControlPlane controlPlane) {
        try (controlPlane;
                KubernetesClient client = controlPlane.adminClient()) {
            List<AgentNode> nodes = new NodeMembership(client).all();
            nodes.forEach(node -> {
                boolean ready = NodeMembership.isReady(node);
                line("AgentNode", node.getMetadata().getName() + " " + (ready ? "Ready" : notReady(node)), ready);
            });
            all &= !nodes.isEmpty();
            Map<String, Long> phases =
                    client.resources(AgentContainer.class).inAnyNamespace().list().getItems().stream()
                            .collect(Collectors.groupingBy(FleetStatus::phase, TreeMap::new, Collectors.counting()));
            line(
                    "agents",
                    phases.isEmpty()
                            ? "none"
                            : phases.entrySet().stream()
                                    .map(each -> each.getValue() + " " + each.getKey())
                                    .collect(Collectors.joining(", ")),
                    true);
            line("kubeconfig", layout.kubeconfig().toString(), true);
        }
    }

    private static String phase(AgentContainer agent) {
        return agent.getStatus() == null || agent.getStatus().phase() == null
                ? "Pending"
                : agent.getStatus().phase().name();
    }

    private static String notReady(AgentNode node) {
        return NodeMembership.condition(node, "Ready")
                .map(ready -> "not Ready: " + ready.getReason() + " " + ready.getMessage())
                .orElse("not Ready");
    }

    private void process(String what, String name, FleetProcess process) {
        Optional<ProcessHandle> found = process.find();
        line(
                what,
                name
                        + found.map(running -> "running (process " + running.pid() + ")")
                                .orElse("stopped") + ", log " + process.log(),
                found.isPresent());
    }

    private void line(String what, String state, boolean good) {
        out.println("%-14s %s".formatted(what + ":", state));
        all &= good;
    }
}
