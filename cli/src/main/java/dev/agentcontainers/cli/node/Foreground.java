package dev.agentcontainers.cli.node;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.util.List;

/**
 * Runs a node agent until it or this process is asked to end, and again where it asks for that (exit code 75).
 *
 * @param command that runs it
 */
record Foreground(List<String> command) {
    private static final int START_AGAIN = 75;

    /** Returns the exit code with which it has ended for good. */
    int run() throws InterruptedException {
        while (true) {
            int exitCode = runOnce();
            if (exitCode != START_AGAIN) {
                return exitCode;
            }
        }
    }

    private int runOnce() throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            Thread stop = new Thread(process::destroy, "stop-node-agent");
            Runtime.getRuntime().addShutdownHook(stop);
            int exitCode = process.waitFor();
            removeHook(stop);
            return exitCode;
        } catch (IOException e) {
            throw new UserException("the node agent can't be run: " + e.getMessage());
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // this process ends already
        }
    }
}
