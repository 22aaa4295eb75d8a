package dev.agentcontainers.cli;

import dev.agentcontainers.cli.demo.DemoService;
import dev.agentcontainers.cli.fleet.LocalFleet;
import dev.agentcontainers.cli.terminal.Progress;
import picocli.CommandLine.Command;

/** {@code agentctl down}. */
@Command(
        name = "down",
        description = {
            "Stops and removes the fleet that `up` or `demo` started.",
            "Every agent and every trace goes: processes, network namespaces, control",
            "groups, mounts and files. What stays is the cache of built programs."
        })
final class DownCommand implements Runnable {
    @Override
    public void run() {
        LocalFleet fleet = LocalFleet.ofThisMachine(new Progress(System.err));
        fleet.down();
        DemoService.ALL.forEach(service -> service.stopOf(fleet.layout().home()));
    }
}
