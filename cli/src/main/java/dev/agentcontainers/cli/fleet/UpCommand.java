package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.names.DnsUpstream;
import dev.agentcontainers.cli.registry.RegistriesFlag;
import dev.agentcontainers.cli.terminal.Progress;
import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code agentctl up}. */
@Command(
        name = "up",
        description = {
            "Brings up control plane, operator and node agents on this machine.",
            "What runs already is left alone; an interrupted start is continued by the",
            "next one.",
            "",
            "export KUBECONFIG=$(agentctl kubeconfig)   lets kubectl work with it",
            "agentctl status                            shows what of it runs",
            "agentctl down                              removes every trace of it",
            ""
        })
public final class UpCommand implements Runnable {
    @Option(names = "--wait", description = "Wait until every node is Ready.")
    private boolean wait;

    @Option(
            names = "--nodes",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many node agents, 1 to 16 (default: ${DEFAULT-VALUE}).")
    private int nodes;

    @Mixin
    private DnsUpstream dnsUpstream = new DnsUpstream();

    @Mixin
    private RegistriesFlag registries = new RegistriesFlag();

    @Override
    public void run() {
        LocalFleet.ofThisMachine(new Progress(System.err)).up(nodes, wait, nodeSettings());
    }

    /** What the node agents are told, as environment variables. */
    Map<String, String> nodeSettings() {
        Map<String, String> settings = new HashMap<>();
        dnsUpstream.value().ifPresent(upstream -> settings.put("AGENTCONTAINERS_NODE_DNS_UPSTREAM", upstream));
        registries.file().ifPresent(file -> settings.put("AGENTCONTAINERS_NODE_REGISTRIES_FILE", file.toString()));
        registries
                .signaturesFile()
                .ifPresent(file -> settings.put("AGENTCONTAINERS_NODE_SIGNATURES_FILE", file.toString()));
        return settings;
    }
}
