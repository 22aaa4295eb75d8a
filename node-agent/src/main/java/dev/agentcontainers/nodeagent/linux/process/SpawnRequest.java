package dev.agentcontainers.nodeagent.linux.process;

import java.util.List;
import java.util.Map;

/**
 * A program to start with exactly what is named here: nothing else of this process is inherited but the namespaces and
 * cgroups of the calling thread.
 *
 * @param program absolute path
 * @param arguments without the program's own name
 * @param descriptors the child's descriptor numbers, each with the one of this process that it is a copy of
 * @param terminal whether descriptor 0 is a terminal that becomes the child's controlling one
 */
public record SpawnRequest(
        String program,
        List<String> arguments,
        Map<String, String> environment,
        Map<Integer, Integer> descriptors,
        boolean terminal) {
    public SpawnRequest {
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
        descriptors = Map.copyOf(descriptors);
    }
}
