package dev.agentcontainers.cli.suspension;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code agentctl resume}. */
@Command(
        name = "resume",
        description = {
            "Starts agents again that were suspended, with the files that they had.",
            "",
            "agentctl resume researcher         starts it, and waits until it runs",
            "",
            "Its program begins anew, on the node where it was. Its deadline counts from",
            "then, and no delay of earlier failures is kept.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:they run", "1:one does not, and the message says why", "2:the command line is wrong"})
public final class ResumeCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Mixin
    private SuspensionOptions options = new SuspensionOptions();

    @Override
    public Integer call() {
        return options.ask(false, spec.commandLine().getOut());
    }
}
