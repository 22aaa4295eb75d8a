package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.cluster.ClusterOptions;
import dev.agentcontainers.cli.gateway.JoinTokens;
import dev.agentcontainers.cli.gateway.PublishedGateway;
import dev.agentcontainers.cli.terminal.DurationConverter;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.BootstrapSecret;
import dev.agentcontainers.protocol.BootstrapSecret.Terms;
import dev.agentcontainers.protocol.BootstrapToken;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code agentctl node token}. */
@Command(
        name = "token",
        description = {
            "Makes a token and prints the command with which a machine joins.",
            "The token is a Secret in the operator's namespace: this needs the right to",
            "create Secrets there. Deleting the Secret takes the token back.",
            ""
        })
final class NodeTokenCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private ClusterOptions cluster = new ClusterOptions();

    @Option(
            names = "--for",
            paramLabel = "NAMES",
            defaultValue = "*",
            description = "Node names that may join; * stands for any characters. Default: any name.")
    private String names = "*";

    @Option(
            names = "--uses",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many machines may join with it. Default: ${DEFAULT-VALUE}.")
    private int uses;

    @Option(
            names = "--valid",
            paramLabel = "DURATION",
            defaultValue = "1h",
            converter = DurationConverter.class,
            description = "How long it may be used: 30m, 1h, 7d. Default: ${DEFAULT-VALUE}.")
    private Duration valid = Duration.ofHours(1);

    @Option(names = "--token-only", description = "Print the token alone, for programs.")
    private boolean tokenOnly;

    @Override
    public void run() {
        Terms terms = terms();
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(cluster.config()).build()) {
            Clock clock = Clock.systemUTC();
            PublishedGateway gateway = PublishedGateway.require(client, cluster.operatorNamespace());
            BootstrapToken token = new JoinTokens(client, cluster.operatorNamespace(), clock).create(terms);
            PrintWriter out = spec.commandLine().getOut();
            if (tokenOnly) {
                out.println(token.value());
                return;
            }
            PrintWriter notes = spec.commandLine().getErr();
            notes.printf(
                    "Run this on the machine that shall join, as root. It is good until %s, for %d machine%s named %s.%n",
                    clock.instant().plus(valid).truncatedTo(ChronoUnit.SECONDS), uses, uses == 1 ? "" : "s", names);
            notes.printf(
                    "To take it back: kubectl delete secret -n %s %s%n",
                    cluster.operatorNamespace(), BootstrapSecret.name(token));
            out.printf(
                    "agentctl node join --gateway %s --ca-hash %s --token %s%n",
                    gateway.url(), gateway.authorityHash(), token.value());
        }
    }

    private Terms terms() {
        try {
            return new Terms(valid, names, uses);
        } catch (IllegalArgumentException e) {
            throw new UserException("the token's terms: " + e.getMessage(), 2);
        }
    }
}
