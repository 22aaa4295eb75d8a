package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.gateway.GatewayAccess;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import io.fabric8.kubernetes.client.Config;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl exec}. */
@Command(
        name = "exec",
        description = {
            "Runs a command in a running agent's sandbox.",
            "",
            "agentctl exec researcher -- ls /workspace       prints what it prints",
            "agentctl exec -it researcher -- sh              a shell with a terminal",
            "cat file | agentctl exec -i researcher -- cat   passes standard input on",
            "",
            "The command has the agent's confinement and egress. It goes through the",
            "cluster's gateway, and needs the right to create agentcontainers/exec",
            "(role admin).",
            ""
        },
        customSynopsis = "agentctl exec [-i] [-t] [-n NAMESPACE] NAME -- COMMAND [ARGUMENT…]",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0 to 255:that of the command", "1:also where it could not be run, and the message says why"})
public final class ExecCommand implements Callable<Integer> {
    @Mixin
    private AgentOptions options = new AgentOptions();

    @Option(
            names = {"-i", "--stdin"},
            description = "Pass standard input on.")
    private boolean stdin;

    @Option(
            names = {"-t", "--tty"},
            description = "With a terminal.")
    private boolean tty;

    @Parameters(index = "0", paramLabel = "NAME", description = "The AgentContainer.")
    private String name = "";

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "COMMAND",
            description = "Program and arguments, after --.")
    private List<String> command = List.of();

    @Override
    public Integer call() throws InterruptedException {
        Config config = options.config();
        try (GatewayHttp gateway = GatewayAccess.open(config, options.operatorNamespace());
                RemoteProcess process =
                        new GatewayPrograms(gateway, options.namespace(config), name).start(command, stdin, tty)) {
            return run(process);
        } catch (IOException e) {
            throw new UserException("exec broke off: " + Printable.text(String.valueOf(e.getMessage())));
        }
    }

    private int run(RemoteProcess process) throws IOException, InterruptedException {
        Optional<TerminalMode> terminal = tty && stdin ? TerminalMode.raw() : Optional.empty();
        try {
            if (tty && stdin && terminal.isEmpty()) {
                System.err.println("agentctl: standard input is not a terminal: its keys are not passed on one by one");
            }
            if (tty) {
                TerminalMode.size().ifPresent(process::resize);
                TerminalMode.onResize(() -> TerminalMode.size().ifPresent(process::resize));
            }
            if (stdin) {
                process.takeInput(System.in);
            }
            return process.await(new FileOutputStream(FileDescriptor.out), new FileOutputStream(FileDescriptor.err));
        } finally {
            terminal.ifPresent(TerminalMode::close);
        }
    }
}
