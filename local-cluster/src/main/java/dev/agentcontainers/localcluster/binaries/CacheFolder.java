package dev.agentcontainers.localcluster.binaries;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where the project keeps what it can make again, outside any checkout. */
public final class CacheFolder {

    public static final String VARIABLE = "AGENTCONTAINERS_CACHE";

    private CacheFolder() {}

    /** {@code AGENTCONTAINERS_CACHE}, else a folder of the user's cache (XDG Base Directory Specification). */
    public static Path of(Map<String, String> environment) {
        return value(environment, VARIABLE)
                .or(() -> value(environment, "XDG_CACHE_HOME").map(folder -> folder.resolve("agentcontainers")))
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache", "agentcontainers"))
                .toAbsolutePath();
    }

    private static Optional<Path> value(Map<String, String> environment, String variable) {
        return Optional.ofNullable(environment.get(variable))
                .filter(value -> !value.isBlank())
                .map(Path::of);
    }
}
