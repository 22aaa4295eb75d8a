package dev.agentcontainers.cli.egress;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Files of manifests: those that are named, and those in the folders that are, as kubectl takes them. */
public final class ManifestFiles {
    private ManifestFiles() {}

    public static List<String> of(List<String> named) {
        List<String> files = new ArrayList<>();
        for (String name : named) {
            if (!name.equals("-") && Files.isDirectory(Path.of(name))) {
                files.addAll(inFolder(Path.of(name)));
            } else {
                files.add(name);
            }
        }
        return files;
    }

    private static List<String> inFolder(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(Path::toString)
                    .filter(file -> file.endsWith(".yaml") || file.endsWith(".yml") || file.endsWith(".json"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UserException("-f %s: can't be read: %s".formatted(folder, e.getMessage()), 2);
        }
    }
}
