package dev.agentcontainers.cli;

import dev.agentcontainers.cli.demo.DemoService;
import dev.agentcontainers.cli.fleet.LocalFleet;
import dev.agentcontainers.cli.terminal.Progress;
import picocli.CommandLine.Command;

/** {@code agentctl down}. */
@Command(
        name = "down",
        description = {
            "Stops every agent and part of the fleet that `up` or `demo` started and removes every trace of it:",
            "processes, network namespaces, cgroups, mounts and files."
        })
final class DownCommand implements Runnable {
    @Override
    public void run() {
        LocalFleet.ofThisMachine(new Progress(System.err)).down();
        DemoService.ALL.forEach(DemoService::stop);
    }
}
