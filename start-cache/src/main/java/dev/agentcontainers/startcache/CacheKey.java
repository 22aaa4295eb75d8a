package dev.agentcontainers.startcache;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a cache depends on: the JDK, the options, and each jar by name, size and time, which is also what the JVM compares.
 * Another of these makes another key.
 */
final class CacheKey {
    private static final int LENGTH = 16;

    private CacheKey() {}

    static String of(Program program) throws IOException {
        MessageDigest digest = sha256();
        Path jdk = program.java().toRealPath().resolve("../..").normalize();
        add(digest, jdk.toString());
        add(digest, Files.readString(jdk.resolve("release")));
        addFile(digest, jdk.resolve("lib/modules"));
        program.options().forEach(option -> add(digest, option));
        addFile(digest, program.jar());
        for (Path library : libraries(program)) {
            addFile(digest, library);
        }
        return HexFormat.of().formatHex(digest.digest()).substring(0, LENGTH);
    }

    private static List<Path> libraries(Program program) throws IOException {
        try (Stream<Path> files = Files.list(program.jar().resolveSibling("lib"))) {
            return files.sorted().toList();
        }
    }

    private static void addFile(MessageDigest digest, Path file) throws IOException {
        add(digest, file.toString());
        add(digest, Long.toString(Files.size(file)));
        add(digest, Files.getLastModifiedTime(file).toString());
    }

    private static void add(MessageDigest digest, String text) {
        digest.update(text.getBytes(UTF_8));
        digest.update((byte) 0);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
