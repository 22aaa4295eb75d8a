package dev.agentcontainers.cli;

import java.util.List;

/**
 * Runs command lines of agentctl one after the other in one JVM, for the launcher, which has the JVM keep in its AOT cache what they
 * loaded. They change nothing, and each may fail: of a command that asks a cluster all is seen but the answer.
 */
final class StartRehearsal {
    private static final List<List<String>> COMMANDS = List.of(
            List.of("status"),
            List.of("run", "--dry-run", "-o", "yaml", "--allow", "192.0.2.1:443", "--", "true"),
            List.of("logs", "rehearsal"));

    private StartRehearsal() {}

    /** Needs a KUBECONFIG whose API server refuses connections: nothing that is there is asked. */
    public static void main(String[] arguments) {
        for (List<String> command : COMMANDS) {
            Agentctl.commandLine("agentctl").execute(command.toArray(String[]::new));
        }
        System.exit(0);
    }
}
