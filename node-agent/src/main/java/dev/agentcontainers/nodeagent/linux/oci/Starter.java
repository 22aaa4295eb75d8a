package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.JsonNode;
import dev.agentcontainers.nodeagent.linux.landlock.FileFence;
import java.util.ArrayList;
import java.util.List;

/** What the runtime begins in a sandbox in order that a command runs there. */
enum Starter {
    /** The command itself. */
    NONE,

    /** A program of the root's that keeps the command, and all that comes of it, to files. */
    FENCE,

    /** What runs the sandbox's virtual machine, where the command runs. It knows the agent's own. */
    MONITOR;

    /** Its path in a sandbox that has a machine. */
    static final String MONITOR_PROGRAM = "/machine/monitor";

    /**
     * @param name as the sandbox's configuration has it; empty in one of an earlier node agent, which had no machines
     * @param first what the agent's own process was begun with
     */
    static Starter of(String name, JsonNode first) {
        if (!name.isEmpty()) {
            return valueOf(name);
        }
        return first.path(0).asText().equals(FileFence.PROGRAM) ? FENCE : NONE;
    }

    /** Of the agent's own process. */
    List<String> first(List<String> command) {
        return switch (this) {
            case NONE -> command;
            case FENCE -> FileFence.started(command);
            case MONITOR -> List.of(MONITOR_PROGRAM, "run");
        };
    }

    /** Of a further process. */
    List<String> further(List<String> command, boolean terminal) {
        return switch (this) {
            case NONE, FENCE -> first(command);
            case MONITOR -> {
                List<String> started = new ArrayList<>(List.of(MONITOR_PROGRAM, "exec"));
                if (terminal) {
                    started.add("--terminal");
                }
                started.add("--");
                started.addAll(command);
                yield started;
            }
        };
    }

    /** Where the runtime begins it. */
    String directory(String workingDirectory) {
        return this == MONITOR ? "/" : workingDirectory;
    }
}
