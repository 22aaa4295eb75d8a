package dev.agentcontainers.cli.suspension;

import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.streams.AgentOptions;
import dev.agentcontainers.cli.terminal.DurationConverter;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which agents, and whether to wait: of both commands. */
final class SuspensionOptions {
    @Mixin
    private AgentOptions options = new AgentOptions();

    @Parameters(paramLabel = "[NAMESPACE/]NAME", arity = "1..*", description = "AgentContainers.")
    private List<String> names = new ArrayList<>();

    @Option(names = "--no-wait", description = "Do not wait until it is so.")
    private boolean atOnce;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            defaultValue = "2m",
            converter = DurationConverter.class,
            description = "How long to wait for each agent. Default: ${DEFAULT-VALUE}.")
    private Duration timeout = Duration.ofMinutes(2);

    /** All are asked before the first is waited for. */
    int ask(boolean suspended, PrintWriter out) {
        Config config = options.config();
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(config).build()) {
            List<Suspension> all = names.stream()
                    .map(name -> new Suspension(client, agent(name, options.namespace(config))))
                    .toList();
            all.forEach(each -> each.ask(suspended));
            for (Suspension each : all) {
                String so = atOnce
                        ? "is asked to be " + (suspended ? "suspended" : "resumed")
                        : "is " + each.await(suspended, timeout);
                out.println(each.agent() + " " + so);
            }
            return 0;
        } catch (KubernetesClientException e) {
            throw new UserException("the cluster could not be asked: " + e.getMessage());
        }
    }

    private static AgentName agent(String text, String namespace) {
        return text.contains("/")
                ? AgentName.parse(text)
                        .orElseThrow(() -> new UserException("'%s' must be NAME or NAMESPACE/NAME".formatted(text), 2))
                : new AgentName(namespace, text);
    }
}
