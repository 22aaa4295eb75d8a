package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.streams.AgentAddress.Parameter;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl egress watch}. */
@Command(
        name = "watch",
        description = {
            "Shows what an agent is let do and denied in the network, as it happens.",
            "",
            "agentctl egress watch researcher            flows and names, allowed and denied",
            "agentctl egress watch --denied researcher   only what is denied",
            "agentctl egress watch -o json researcher    events of the Open Cybersecurity",
            "                                            Schema Framework, one on each line",
            "",
            "Goes through the cluster's gateway, and needs the right to get",
            "agentcontainers/egress (roles view, edit and admin). Ends with the agent.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:the agent is finished", "1:it could not be watched, and the message says why"})
public final class WatchCommand implements Callable<Integer> {
    @Mixin
    private AgentOptions options = new AgentOptions();

    @Parameters(paramLabel = "NAME", description = "The AgentContainer.")
    private String name = "";

    @Option(names = "--denied", description = "Only what is denied, and what is missing here.")
    private boolean denied;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            defaultValue = "text",
            description = "Form: text or json. Default: ${DEFAULT-VALUE}.")
    private String output = "text";

    @Override
    public Integer call() throws InterruptedException {
        if (!output.equals("text") && !output.equals("json")) {
            throw new UserException("egress watch: -o must be text or json, but is '%s'".formatted(output), 2);
        }
        Config config = options.config();
        AgentAddress agent = new AgentAddress(options.namespace(config), name);
        List<Parameter> parameters = denied ? List.of(new Parameter("denied", "true")) : List.of();
        try (GatewayHttp gateway = GatewayAccess.open(config, options.operatorNamespace());
                InputStream events = gateway.get(agent.path("egress", parameters))) {
            if (output.equals("json")) {
                LogsCommand.print(events, new FileOutputStream(FileDescriptor.out));
            } else {
                print(events, System.out, new EgressLine(agent.namespace() + "/" + agent.name(), zone()));
            }
            return 0;
        } catch (RefusedException e) {
            throw new UserException(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new UserException("the gateway could not be reached: " + e.getMessage());
        }
    }

    private static ZoneId zone() {
        return ZoneId.systemDefault();
    }

    /** Whoever reads may have enough: that is no failure. */
    private static void print(InputStream events, PrintStream out, EgressLine form) {
        BufferedReader lines = new BufferedReader(new InputStreamReader(events, StandardCharsets.UTF_8));
        while (!out.checkError()) {
            String line;
            try {
                line = lines.readLine();
            } catch (IOException e) {
                throw new UserException("the watch broke off: " + e.getMessage());
            }
            if (line == null) {
                return;
            }
            out.println(form.of(line));
            out.flush();
        }
    }
}
