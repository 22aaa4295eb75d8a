package dev.agentcontainers.cli.snapshot;

import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.streams.AgentOptions;
import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.streams.GatewaySnapshots;
import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.ProgressLine;
import dev.agentcontainers.cli.terminal.Rate;
import dev.agentcontainers.cli.terminal.StandardStream;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which agent and which file: of both commands. */
final class SnapshotOptions {
    private static final String STANDARD_STREAM = "-";

    @Mixin
    private AgentOptions options = new AgentOptions();

    @Parameters(paramLabel = "[NAMESPACE/]NAME", description = "The AgentContainer.")
    private String name = "";

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            required = true,
            description = "The snapshot; - for the standard stream.")
    private String file = "";

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress, which is shown on standard error where that is a terminal.")
    private boolean quiet;

    /** Empty for the standard stream. */
    Optional<String> file() {
        return file.equals(STANDARD_STREAM) ? Optional.empty() : Optional.of(file);
    }

    /** What goes on with an agent's files. */
    @FunctionalInterface
    interface Work {
        void with(AgentProgram files, ByteArrayOutputStream said, AtomicLong bytes)
                throws IOException, InterruptedException;
    }

    /** @return the exit code that the node has said */
    int run(boolean restore, PrintWriter errors, Work work) throws InterruptedException {
        Config config = options.config();
        AgentName agent = agent(config);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        AtomicLong bytes = new AtomicLong();
        int exitCode;
        try (GatewayHttp gateway = GatewayAccess.open(config, options.operatorNamespace());
                AgentProgram files = start(new GatewaySnapshots(gateway, agent.namespace(), agent.name()), restore);
                ProgressLine _ = progress(errors, bytes)) {
            work.with(files, said, bytes);
            exitCode = files.exitCode();
        } catch (IOException e) {
            throw new UserException("the snapshot broke off: " + Printable.text(String.valueOf(e.getMessage())));
        }
        said.toString(StandardCharsets.UTF_8).lines().forEach(line -> errors.println(Printable.text(line)));
        return exitCode;
    }

    private static AgentProgram start(GatewaySnapshots snapshots, boolean restore) throws InterruptedException {
        return restore ? snapshots.restore() : snapshots.save();
    }

    private ProgressLine progress(PrintWriter errors, AtomicLong bytes) {
        Rate rate = new Rate(System::nanoTime);
        return new ProgressLine(
                errors,
                !quiet && StandardStream.ERROR.isTerminal(),
                () -> "%s, %s/s".formatted(ByteCount.text(bytes.get()), ByteCount.text(rate.perSecond(bytes.get()))));
    }

    private AgentName agent(Config config) {
        return name.contains("/")
                ? AgentName.parse(name)
                        .orElseThrow(() -> new UserException("'%s' must be NAME or NAMESPACE/NAME".formatted(name), 2))
                : new AgentName(options.namespace(config), name);
    }
}
