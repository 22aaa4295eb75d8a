package dev.agentcontainers.nodeagent.image;

import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What an agent from an image runs: what is asked for, and what the image says where nothing is, put together as Kubernetes
 * does.
 *
 * @param command program and arguments, at least one
 * @param workingDirectory absolute, without '.' and '..'
 * @param user as the image has it, see {@link ImageConfiguration#user}
 */
public record ImageProcess(
        List<String> command, Map<String, String> environment, String workingDirectory, String user) {
    public ImageProcess {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
    }

    /**
     * @param command takes the place of the image's entrypoint, and of its arguments too; empty where none is asked for
     * @param arguments take the place of the image's arguments; empty where none are asked for
     * @param environment goes before the image's
     * @throws ImageException where neither says what to run
     */
    public static ImageProcess of(
            ImageConfiguration image,
            List<String> command,
            List<String> arguments,
            Map<String, String> environment,
            Optional<String> workingDirectory)
            throws ImageException {
        List<String> words = new ArrayList<>(command.isEmpty() ? image.entrypoint() : command);
        words.addAll(command.isEmpty() && arguments.isEmpty() ? image.arguments() : arguments);
        if (words.isEmpty()) {
            throw new ImageException(
                    Kind.UNUSABLE,
                    "the image says nothing of what to run (neither Entrypoint nor Cmd): set spec.command");
        }
        Map<String, String> all = new TreeMap<>();
        for (String entry : image.environment()) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                all.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        all.putAll(environment);
        return new ImageProcess(
                words, all, workingDirectory.orElseGet(() -> clean(image.workingDirectory())), image.user());
    }

    private static String clean(String directory) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : directory.split("/", -1)) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return "/" + String.join("/", parts);
    }
}
