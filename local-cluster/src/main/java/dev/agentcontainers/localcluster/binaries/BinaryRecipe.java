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

/**
 * What the binaries are built from: two Go modules that hold no code, only pinned versions and checksums.
 *
 * @param kubernetesVersion for example {@code v1.37.2}
 * @param etcdVersion for example {@code v3.6.8}
 * @param moduleFiles content by path, for example {@code etcd/go.mod}
 */
public record BinaryRecipe(String kubernetesVersion, String etcdVersion, Map<String, String> moduleFiles) {

    private static final List<String> FILES =
            List.of("etcd/go.mod", "etcd/go.sum", "kubernetes/go.mod", "kubernetes/go.sum");

    /** Where Kubernetes keeps its version; its own build stamps the same two packages. */
    private static final List<String> VERSION_PACKAGES =
            List.of("k8s.io/client-go/pkg/version", "k8s.io/component-base/version");

    private static final int DIGEST_CHARACTERS = 12;

    public BinaryRecipe {
        moduleFiles = Map.copyOf(moduleFiles);
    }

    /** The recipe that comes with this module. */
    public static BinaryRecipe pinned() {
        Map<String, String> files = new TreeMap<>();
        FILES.forEach(path -> files.put(path, resource(path)));
        return of(files);
    }

    static BinaryRecipe of(Map<String, String> files) {
        return new BinaryRecipe(
                required(files, "kubernetes/go.mod", "k8s.io/kubernetes"),
                required(files, "etcd/go.mod", "go.etcd.io/etcd/server/v3"),
                files);
    }

    /** The name of the cache's folder: changes with whatever would change the binaries. */
    public String key(Platform platform) {
        return "kubernetes-%s_etcd-%s_%s_%s".formatted(kubernetesVersion, etcdVersion, platform, digest());
    }

    /** The linker's flags; without them the binaries would say that they are version 0. */
    String linkFlags(Target target) {
        StringBuilder flags = new StringBuilder("-s -w");
        if (target != Target.ETCD) {
            String[] parts = kubernetesVersion.substring(1).split("\\.", -1);
            Map<String, String> stamps = new TreeMap<>(Map.of(
                    "gitVersion",
                    kubernetesVersion,
                    "gitMajor",
                    parts[0],
                    "gitMinor",
                    parts[1],
                    "gitCommit",
                    "",
                    "gitTreeState",
                    "archive"));
            VERSION_PACKAGES.forEach(location -> stamps.forEach((name, value) -> flags.append(" -X ")
                    .append(location)
                    .append('.')
                    .append(name)
                    .append('=')
                    .append(value)));
        }
        return flags.toString();
    }

    private String digest() {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            new TreeMap<>(moduleFiles).forEach((path, content) -> {
                sha256.update(path.getBytes(StandardCharsets.UTF_8));
                sha256.update(content.getBytes(StandardCharsets.UTF_8));
            });
            for (Target target : Target.values()) {
                sha256.update(linkFlags(target).getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(sha256.digest()).substring(0, DIGEST_CHARACTERS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String required(Map<String, String> files, String path, String module) {
        Pattern requirement = Pattern.compile("^require " + Pattern.quote(module) + " (v\\S+)$", Pattern.MULTILINE);
        Matcher matcher = requirement.matcher(Objects.requireNonNull(files.get(path), path));
        if (!matcher.find()) {
            throw new IllegalArgumentException(path + " has no line \"require " + module + " v…\"");
        }
        return matcher.group(1);
    }

    private static String resource(String path) {
        try (InputStream content = BinaryRecipe.class.getResourceAsStream(path)) {
            Objects.requireNonNull(content, path);
            return new String(content.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
