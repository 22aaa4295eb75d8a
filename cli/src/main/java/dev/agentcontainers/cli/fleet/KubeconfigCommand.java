package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;

/** {@code agentctl kubeconfig}. */
@Command(
        name = "kubeconfig",
        description = {
            "Prints the path of the local fleet's kubeconfig.",
            "export KUBECONFIG=$(agentctl kubeconfig)",
            ""
        })
public final class KubeconfigCommand implements Runnable {
    @Override
    public void run() {
        Path path = LocalFleet.ofThisMachine(new Progress(System.err)).layout().kubeconfig();
        if (!Files.exists(path)) {
            throw new UserException("there is no local fleet: start one with agentctl up");
        }
        System.out.println(path);
    }
}
