package dev.agentcontainers.startcache;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that a cache is made for.
 *
 * @param role what it is: decides how its start is rehearsed
 * @param java the java executable that runs it
 * @param options of the JVM. Those that choose the collector or open modules must be the same with and for the cache
 * @param jar its jar; the libraries that its manifest names lie in the folder {@code lib} beside it
 */
public record Program(Role role, Path java, List<String> options, Path jar) {
    /** Which of the project's programs it is. */
    public enum Role {
        OPERATOR("operator"),
        NODE_AGENT("node-agent");

        private final String text;

        Role(String text) {
            this.text = text;
        }

        /** @throws IllegalArgumentException where no program has that name */
        static Role named(String text) {
            for (Role role : values()) {
                if (role.text.equals(text)) {
                    return role;
                }
            }
            throw new IllegalArgumentException(text + " is no program with a start cache: operator or node-agent");
        }

        @Override
        public String toString() {
            return text;
        }
    }

    public Program {
        options = List.copyOf(options);
    }

    /** The command line with one more option. */
    List<String> command(String option) {
        List<String> command = new ArrayList<>();
        command.add(java.toString());
        command.add(option);
        command.addAll(options);
        command.addAll(List.of("-jar", jar.toString()));
        return command;
    }
}
