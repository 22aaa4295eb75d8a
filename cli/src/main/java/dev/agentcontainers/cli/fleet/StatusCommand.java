package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.Progress;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code agentctl status}. */
@Command(
        name = "status",
        description = {
            "Shows what of the local fleet runs.",
            "Also where its logs are, and how many agents are in which phase.",
            ""
        },
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:everything runs and every node is Ready", "3:something does not"})
public final class StatusCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return LocalFleet.ofThisMachine(new Progress(System.err)).printStatus(System.out) ? 0 : 3;
    }
}
