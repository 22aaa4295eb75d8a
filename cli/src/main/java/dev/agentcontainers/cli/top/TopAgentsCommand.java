package dev.agentcontainers.cli.top;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.streams.AgentOptions;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl top agents}. */
@Command(
        name = "agents",
        description = {
            "Shows what running agents use now.",
            "",
            "agentctl top agents                    those of the namespace",
            "agentctl top agents researcher         that one",
            "agentctl top agents -A --sort-by cpu   all, the busiest first",
            "agentctl top agents -l app=crawler -w  those with the label, again and again",
            "",
            "CPU is what the agent used since its node looked last, 1 to 10 s ago, in",
            "thousandths of a processor; MEMORY its working set; STORAGE what its files",
            "take of the disk. Percents are of its limits. '-' is what the node can't tell.",
            "",
            "Goes through the cluster's gateway, and needs the right to get",
            "agentcontainers/usage (roles view, edit and admin).",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:all were shown", "1:of some it can't be told, and the message says why"})
public final class TopAgentsCommand implements Callable<Integer> {
    /** What comes first. */
    enum Order {
        NAME,
        CPU,
        MEMORY
    }

    @Mixin
    private AgentOptions options = new AgentOptions();

    @Mixin
    private TopOptions form = new TopOptions();

    @Parameters(
            paramLabel = "[NAMESPACE/]NAME",
            arity = "0..*",
            description = "AgentContainers. Default: all that run.")
    private List<String> names = new ArrayList<>();

    @Option(
            names = {"-A", "--all-namespaces"},
            description = "Agents of all namespaces.")
    private boolean everywhere;

    @Option(
            names = {"-l", "--selector"},
            paramLabel = "LABELS",
            description = "Only agents with these labels: app=crawler,tier!=test.")
    private @Nullable String selector;

    @Option(
            names = "--sort-by",
            paramLabel = "ORDER",
            defaultValue = "name",
            description = "What comes first: name, cpu or memory. Default: ${DEFAULT-VALUE}.")
    private Order order = Order.NAME;

    @Override
    public Integer call() throws InterruptedException {
        boolean json = form.json();
        if (!names.isEmpty() && (everywhere || selector != null)) {
            throw new UserException("top agents: give names, or --all-namespaces and --selector, not both", 2);
        }
        Config config = options.config();
        try (KubernetesClient client =
                        new KubernetesClientBuilder().withConfig(config).build();
                GatewayHttp gateway = GatewayAccess.open(config, options.operatorNamespace())) {
            return form.show(() -> show(client, gateway, options.namespace(config), json));
        } catch (KubernetesClientException e) {
            throw new UserException("the cluster could not be asked: " + e.getMessage());
        }
    }

    private int show(KubernetesClient client, GatewayHttp gateway, String namespace, boolean json)
            throws InterruptedException {
        List<AgentContainer> agents = names.isEmpty() ? running(client, namespace) : named(client, namespace);
        Usages.Told told = new Usages(gateway).of(agents);
        List<UsedAgent> sorted = told.agents().stream().sorted(comparator()).toList();
        if (json) {
            sorted.forEach(agent -> System.out.println(Json.text(agent)));
        } else if (!sorted.isEmpty()) {
            UsageTable.ofAgents(sorted, everywhere || names.stream().anyMatch(name -> name.contains("/")))
                    .lines()
                    .forEach(System.out::println);
        } else if (told.failures().isEmpty()) {
            System.err.println(
                    everywhere ? "No agent runs." : "No agent runs in the namespace " + namespace + " (-A: all).");
        }
        told.failures().forEach(failure -> System.err.println("agentctl: " + failure));
        return told.failures().isEmpty() ? 0 : 1;
    }

    private List<AgentContainer> running(KubernetesClient client, String namespace) {
        var all = client.resources(AgentContainer.class);
        var there = everywhere ? all.inAnyNamespace() : all.inNamespace(namespace);
        var chosen = selector == null
                ? there.list()
                : there.withLabelSelector(selector).list();
        return chosen.getItems().stream().filter(TopAgentsCommand::runs).toList();
    }

    static boolean runs(AgentContainer agent) {
        return agent.getStatus() != null && agent.getStatus().phase() == AgentPhase.Running;
    }

    /** Whether they run or not: the gateway says why it can't tell. */
    private List<AgentContainer> named(KubernetesClient client, String namespace) {
        List<AgentContainer> found = new ArrayList<>();
        for (String name : names) {
            AgentName asked = name.contains("/")
                    ? AgentName.parse(name).orElseThrow(() -> noName(name))
                    : new AgentName(namespace, name);
            AgentContainer agent = client.resources(AgentContainer.class)
                    .inNamespace(asked.namespace())
                    .withName(asked.name())
                    .get();
            if (agent == null) {
                throw new UserException("there is no AgentContainer '%s' in the namespace '%s'"
                        .formatted(asked.name(), asked.namespace()));
            }
            found.add(agent);
        }
        return found;
    }

    private static UserException noName(String text) {
        return new UserException("top agents: '%s' must be NAME or NAMESPACE/NAME".formatted(text), 2);
    }

    private Comparator<UsedAgent> comparator() {
        Comparator<UsedAgent> byName =
                Comparator.comparing(UsedAgent::namespace).thenComparing(UsedAgent::name);
        return switch (order) {
            case NAME -> byName;
            case CPU -> most(agent -> agent.usage().cpuMillis()).thenComparing(byName);
            case MEMORY -> most(agent -> agent.usage().memoryBytes()).thenComparing(byName);
        };
    }

    private interface Amount {
        @Nullable
        Long of(UsedAgent agent);
    }

    /** What is not known comes last. */
    private static Comparator<UsedAgent> most(Amount amount) {
        return Comparator.comparingLong((UsedAgent agent) -> {
                    Long found = amount.of(agent);
                    return found == null ? -1 : found;
                })
                .reversed();
    }
}
