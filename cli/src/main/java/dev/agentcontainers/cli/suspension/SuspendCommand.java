package dev.agentcontainers.cli.suspension;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code agentctl suspend}. */
@Command(
        name = "suspend",
        description = {
            "Stops agents and keeps their files, until agentctl resume.",
            "",
            "agentctl suspend researcher        stops it, and waits until nothing of it runs",
            "agentctl suspend a b -n team-a     two of a namespace, at once",
            "",
            "An agent is asked to stop, and killed once its grace period is over. Its",
            "workspace, its emptyDirs on the disk and its place on the node stay, with all",
            "that it requests. What is in memory is lost, and what it changed of its image's",
            "own files, as at every restart. It sets spec.lifecycle.suspended, as kubectl",
            "patch would: where agents come from Git, it is to be set there.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:they are suspended", "1:one is not, and the message says why", "2:the command line is wrong"
        })
public final class SuspendCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private SuspensionOptions options = new SuspensionOptions();

    @Override
    public Integer call() {
        return options.ask(true, spec.commandLine().getOut());
    }
}
