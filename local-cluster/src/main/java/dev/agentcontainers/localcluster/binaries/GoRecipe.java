package dev.agentcontainers.localcluster.binaries;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Executables that are built together from Go modules which hold no code, only pinned versions and checksums. */
interface GoRecipe {

    int DIGEST_CHARACTERS = 12;

    /**
     * An executable to build.
     *
     * @param module the folder of the Go module that pins it
     * @param version for messages, for example {@code v1.37.2}
     * @param linkFlags the linker's flags; without them the executable would say that it is version 0
     */
    record Step(String module, String goPackage, String executable, String version, String linkFlags) {}

    /** What is built, with versions, for example {@code Helm v4.3.1}. */
    String description();

    /** The beginning of the cache folder's name. */
    String name();

    /** Content by path, for example {@code etcd/go.mod}. */
    Map<String, String> moduleFiles();

    /** Quickest first, so that a fault shows early. */
    List<Step> steps();

    /** The name of the cache's folder: changes with whatever would change the binaries. */
    default String key(Platform platform) {
        return "%s_%s_%s".formatted(name(), platform, digest());
    }

    private String digest() {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            new TreeMap<>(moduleFiles()).forEach((path, content) -> {
                sha256.update(path.getBytes(StandardCharsets.UTF_8));
                sha256.update(content.getBytes(StandardCharsets.UTF_8));
            });
            steps().forEach(step -> sha256.update(step.linkFlags().getBytes(StandardCharsets.UTF_8)));
            return HexFormat.of().formatHex(sha256.digest()).substring(0, DIGEST_CHARACTERS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The version of a module that a go.mod file requires. */
    static String required(Map<String, String> files, String path, String module) {
        Pattern requirement = Pattern.compile("^require " + Pattern.quote(module) + " (v\\S+)$", Pattern.MULTILINE);
        Matcher matcher = requirement.matcher(Objects.requireNonNull(files.get(path), path));
        if (!matcher.find()) {
            throw new IllegalArgumentException(path + " has no line \"require " + module + " v…\"");
        }
        return matcher.group(1);
    }

    /** Files that come with this module, by path. */
    static Map<String, String> resources(List<String> paths) {
        Map<String, String> files = new TreeMap<>();
        for (String path : paths) {
            try (InputStream content = GoRecipe.class.getResourceAsStream(path)) {
                Objects.requireNonNull(content, path);
                files.put(path, new String(content.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return files;
    }
}
