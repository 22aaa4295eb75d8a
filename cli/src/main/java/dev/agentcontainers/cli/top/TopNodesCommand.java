package dev.agentcontainers.cli.top;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.cli.cluster.ClusterOptions;
import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.AgentUsage;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code agentctl top nodes}. */
@Command(
        name = "nodes",
        description = {
            "Shows what the agents of each node use together.",
            "",
            "agentctl top nodes       each node and its agents",
            "agentctl top nodes -w    again and again",
            "",
            "Percents are of what agents may use there (status.allocatable of the",
            "AgentNode), not of the machine. AGENTS 3/5: of two it can't be told; a '+'",
            "stands behind what is then the least. Other programs of the machine are not",
            "counted.",
            "",
            "Needs the rights to list agentcontainers and agentnodes, and to get",
            "agentcontainers/usage, in all namespaces.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:all were shown", "1:of some it can't be told, and the message says why"})
public final class TopNodesCommand implements Callable<Integer> {
    private static final BigDecimal MILLIS = BigDecimal.valueOf(1000);

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Mixin
    private TopOptions form = new TopOptions();

    /** As JSON says it. */
    private record Shown(
            String name,
            int agents,
            int told,
            long cpuMillis,
            long memoryBytes,
            long processes,
            long storageBytes,
            @Nullable Long allocatableCpuMillis,
            @Nullable Long allocatableMemoryBytes) {
        static Shown of(NodeSum node) {
            return new Shown(
                    node.node(),
                    node.agents(),
                    node.usages().size(),
                    node.cpu().amount(),
                    node.memory().amount(),
                    node.processes().amount(),
                    node.storage().amount(),
                    node.cpuMillis(),
                    node.memoryBytes());
        }
    }

    @Override
    public Integer call() throws InterruptedException {
        boolean json = form.json();
        Config config = cluster.config();
        try (KubernetesClient client =
                        new KubernetesClientBuilder().withConfig(config).build();
                GatewayHttp gateway = GatewayAccess.open(config, cluster.operatorNamespace())) {
            return form.show(() -> show(client, gateway, json));
        } catch (KubernetesClientException e) {
            throw new UserException("the cluster could not be asked: " + e.getMessage());
        }
    }

    private static int show(KubernetesClient client, GatewayHttp gateway, boolean json) throws InterruptedException {
        List<AgentContainer> agents = client.resources(AgentContainer.class).inAnyNamespace().list().getItems().stream()
                .filter(TopAgentsCommand::runs)
                .toList();
        List<AgentNode> nodes = client.resources(AgentNode.class).list().getItems();
        Usages.Told told = new Usages(gateway).of(agents);
        List<NodeSum> sums = nodes.stream()
                .map(node -> sum(node, agents, told.agents()))
                .sorted(Comparator.comparing(NodeSum::node))
                .toList();
        if (json) {
            sums.forEach(node -> System.out.println(Json.text(Shown.of(node))));
        } else {
            UsageTable table =
                    new UsageTable(List.of("NAME", "AGENTS", "CPU", "CPU%", "MEMORY", "MEMORY%", "PIDS", "STORAGE"));
            sums.forEach(node -> table.add(node.row()));
            table.lines().forEach(System.out::println);
        }
        told.failures().forEach(failure -> System.err.println("agentctl: " + failure));
        return told.failures().isEmpty() ? 0 : 1;
    }

    private static NodeSum sum(AgentNode node, List<AgentContainer> agents, List<UsedAgent> told) {
        String name = node.getMetadata().getName();
        List<AgentUsage> usages = told.stream()
                .filter(agent -> agent.node().equals(name))
                .map(UsedAgent::usage)
                .toList();
        int there = (int) agents.stream()
                .filter(agent -> UsedAgent.nodeOf(agent).equals(name))
                .count();
        return new NodeSum(name, there, usages, amount(node, "cpu", MILLIS), amount(node, "memory", BigDecimal.ONE));
    }

    private static @Nullable Long amount(AgentNode node, String resource, BigDecimal unit) {
        Map<String, Quantity> allocatable =
                node.getStatus() == null ? null : node.getStatus().allocatable();
        Quantity quantity = allocatable == null ? null : allocatable.get(resource);
        return quantity == null
                ? null
                : (Long) quantity.getNumericalAmount().multiply(unit).longValue();
    }
}
