package dev.agentcontainers.cli;

import dev.agentcontainers.cli.copy.CopyCommand;
import dev.agentcontainers.cli.demo.DemoCommand;
import dev.agentcontainers.cli.display.DisplayCommand;
import dev.agentcontainers.cli.egress.EgressCommand;
import dev.agentcontainers.cli.fleet.KubeconfigCommand;
import dev.agentcontainers.cli.fleet.StatusCommand;
import dev.agentcontainers.cli.fleet.UpCommand;
import dev.agentcontainers.cli.image.ImageCommand;
import dev.agentcontainers.cli.node.NodeCommand;
import dev.agentcontainers.cli.run.RunCommand;
import dev.agentcontainers.cli.run.ServeCommand;
import dev.agentcontainers.cli.snapshot.SnapshotCommand;
import dev.agentcontainers.cli.streams.ExecCommand;
import dev.agentcontainers.cli.streams.LogsCommand;
import dev.agentcontainers.cli.suspension.ResumeCommand;
import dev.agentcontainers.cli.suspension.SuspendCommand;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.cli.top.TopCommand;
import dev.agentcontainers.localcluster.ControlPlaneException;
import java.util.Objects;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The entry point: parses the command line, runs the command, turns failures into messages and exit codes. */
@Command(
        name = "agentctl",
        description = {
            "Runs AI agents in isolation, with egress denied by default.",
            "",
            "agentctl run -- COMMAND        runs one agent here, without any cluster",
            "agentctl demo                  shows the main job here, set-up included",
            "agentctl up                    brings up a whole fleet on this machine",
            "agentctl logs -f NAME          prints what an agent says",
            "agentctl exec -it NAME -- sh   enters an agent's sandbox",
            "agentctl cp FILE NAME:PATH     copies to an agent, or from it",
            "agentctl display NAME          shows an agent's screen to a VNC viewer",
            "agentctl top agents            shows what agents use now",
            "agentctl egress explain …      says what an agent may reach, and why",
            "agentctl image list            shows the images on this machine",
            "agentctl node token            makes another machine a node: begin here",
            "",
            "kubectl works as with any cluster: export KUBECONFIG=$(agentctl kubeconfig)",
            "Completion in bash and zsh: source <(agentctl generate-completion)",
            ""
        },
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        scope = CommandLine.ScopeType.INHERIT,
        subcommands = {
            DemoCommand.class,
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            KubeconfigCommand.class,
            RunCommand.class,
            ServeCommand.class,
            LogsCommand.class,
            ExecCommand.class,
            CopyCommand.class,
            DisplayCommand.class,
            TopCommand.class,
            SuspendCommand.class,
            ResumeCommand.class,
            SnapshotCommand.class,
            EgressCommand.class,
            ImageCommand.class,
            NodeCommand.class,
            VersionCommand.class,
            GenerateCompletion.class
        })
public final class Agentctl implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    private Agentctl() {
        this.spec = CommandLine.Model.CommandSpec.create();
    }

    public static void main(String[] arguments) {
        System.exit(commandLine(System.getenv().getOrDefault("AGENTCTL_NAME", "agentctl"))
                .execute(arguments));
    }

    /** The command line under the name that it was started with; {@code kubectl-agent} is {@code kubectl agent}. */
    static CommandLine commandLine(String name) {
        CommandLine line = new CommandLine(new Agentctl());
        line.setCommandName(name.equals("kubectl-agent") ? "kubectl agent" : name);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        // What follows the agent's program is the agent's, with or without "--" before it.
        Objects.requireNonNull(line.getSubcommands().get("run")).setStopAtPositional(true);
        line.setExecutionExceptionHandler((exception, command, result) -> {
            switch (exception) {
                case UserException user -> {
                    command.getErr().println("agentctl: " + user.getMessage());
                    return user.exitCode();
                }
                case ControlPlaneException controlPlane -> {
                    command.getErr().println("agentctl: " + controlPlane.getMessage());
                    return 1;
                }
                case Exception other -> throw other;
            }
        });
        return line;
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }
}
