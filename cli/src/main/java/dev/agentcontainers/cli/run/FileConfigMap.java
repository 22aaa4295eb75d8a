package dev.agentcontainers.cli.run;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** Makes the ConfigMap that holds a file or the files of a folder. */
final class FileConfigMap {
    /** What an API server takes as well: https://kubernetes.io/docs/concepts/configuration/configmap/. */
    private static final long MOST_BYTES = 1L << 20;

    private FileConfigMap() {}

    static ObjectNode of(String name, String namespace, Path source) {
        ObjectNode map = JsonNodeFactory.instance.objectNode();
        map.put("apiVersion", "v1").put("kind", "ConfigMap");
        map.putObject("metadata").put("name", name).put("namespace", namespace);
        long bytes = 0;
        for (Path file : files(source)) {
            byte[] content = read(file);
            bytes += content.length;
            if (bytes > MOST_BYTES) {
                throw new UserException(
                        "--mount file:%s: is larger than the 1 MiB that a ConfigMap may have".formatted(source), 2);
            }
            put(map, file.getFileName().toString(), content);
        }
        return map;
    }

    private static List<Path> files(Path source) {
        if (Files.isRegularFile(source)) {
            return List.of(source);
        }
        try (Stream<Path> entries = Files.list(source)) {
            List<Path> files = entries.sorted().toList();
            if (files.isEmpty()) {
                throw new UserException("--mount file:%s: the folder is empty".formatted(source), 2);
            }
            files.stream()
                    .filter(file -> !Files.isRegularFile(file))
                    .findFirst()
                    .ifPresent(file -> {
                        throw new UserException(
                                "--mount file:%s: %s is not a file, and a ConfigMap has no folders: name the folders one by one"
                                        .formatted(source, file.getFileName()),
                                2);
                    });
            return files;
        } catch (IOException e) {
            throw unreadable(source, e);
        }
    }

    private static byte[] read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new UserException(
                        "--mount file:%s: is larger than the 1 MiB that a ConfigMap may have".formatted(file), 2);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static UserException unreadable(Path path, IOException cause) {
        return new UserException(
                Files.exists(path)
                        ? "--mount file:%s: can't be read: %s".formatted(path, cause.getMessage())
                        : "--mount file:%s: there is no such file or folder".formatted(path),
                2);
    }

    private static void put(ObjectNode map, String name, byte[] content) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
            map.withObjectProperty("data").put(name, text);
        } catch (CharacterCodingException e) {
            map.withObjectProperty("binaryData").put(name, Base64.getEncoder().encodeToString(content));
        }
    }
}
