package dev.agentcontainers.localcluster.process;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A program to run.
 *
 * @param words the executable's path and its arguments
 * @param environment the whole environment: nothing is inherited, so that a stray variable of the user's
 *     shell doesn't configure the program
 * @param folder the working directory
 * @param log takes standard output and error, appended
 */
public record ChildCommand(List<String> words, Map<String, String> environment, Path folder, Path log) {

    public ChildCommand {
        words = List.copyOf(words);
        environment = Map.copyOf(environment);
    }
}
