package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.streams.AgentAddress.Parameter;
import dev.agentcontainers.cli.terminal.DurationConverter;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl logs}. */
@Command(
        name = "logs",
        description = {
            "Prints what an agent wrote to its standard output and error.",
            "",
            "agentctl logs researcher                what it wrote so far",
            "agentctl logs -f --tail 10 researcher   the last lines, and on to its end",
            "",
            "Goes through the cluster's gateway, and needs the right to get",
            "agentcontainers/log (roles view, edit and admin).",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:the log was printed to its end", "1:it was not, and the message says why"})
public final class LogsCommand implements Callable<Integer> {
    @Mixin
    private AgentOptions options = new AgentOptions();

    @Parameters(paramLabel = "NAME", description = "The AgentContainer.")
    private String name = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Go on as the agent writes, until it is finished.")
    private boolean follow;

    @Option(
            names = "--since",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Only what is at most that old: 30s, 5m, 2h.")
    private @Nullable Duration since;

    @Option(names = "--tail", paramLabel = "LINES", description = "Only that many of the last lines.")
    private @Nullable Integer tail;

    @Option(names = "--timestamps", description = "Put each line's time before it.")
    private boolean timestamps;

    @Override
    public Integer call() throws InterruptedException {
        List<Parameter> parameters = parameters();
        Config config = options.config();
        AgentAddress agent = new AgentAddress(options.namespace(config), name);
        try (GatewayHttp gateway = GatewayAccess.open(config, options.operatorNamespace());
                InputStream log = gateway.get(agent.path("log", parameters))) {
            print(log, new FileOutputStream(FileDescriptor.out));
            return 0;
        } catch (RefusedException e) {
            throw new UserException(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new UserException("the gateway could not be reached: " + e.getMessage());
        }
    }

    /** Prints as it comes. Whoever reads may have enough ({@code | head}): that is no failure. */
    static void print(InputStream log, OutputStream out) {
        byte[] buffer = new byte[32 * 1024];
        while (true) {
            int count;
            try {
                count = log.read(buffer);
            } catch (IOException e) {
                throw new UserException("the log broke off, there may be more of it: " + e.getMessage());
            }
            if (count < 0) {
                return;
            }
            try {
                out.write(buffer, 0, count);
                out.flush();
            } catch (IOException e) {
                return;
            }
        }
    }

    private List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        if (follow) {
            parameters.add(new Parameter("follow", "true"));
        }
        if (since != null) {
            parameters.add(new Parameter("sinceSeconds", Long.toString(since.toSeconds())));
        }
        if (tail != null) {
            parameters.add(new Parameter("tailLines", tail.toString()));
        }
        if (timestamps) {
            parameters.add(new Parameter("timestamps", "true"));
        }
        return parameters;
    }
}
