package dev.agentcontainers.localcluster.binaries;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What the binaries are built from: two Go modules that hold no code, only pinned versions and checksums.
 *
 * @param kubernetesVersion for example {@code v1.37.2}
 * @param etcdVersion for example {@code v3.6.8}
 * @param moduleFiles content by path, for example {@code etcd/go.mod}
 */
public record BinaryRecipe(String kubernetesVersion, String etcdVersion, Map<String, String> moduleFiles)
        implements GoRecipe {

    private static final List<String> FILES =
            List.of("etcd/go.mod", "etcd/go.sum", "kubernetes/go.mod", "kubernetes/go.sum");

    /** Where Kubernetes keeps its version; its own build stamps the same two packages. */
    private static final List<String> VERSION_PACKAGES =
            List.of("k8s.io/client-go/pkg/version", "k8s.io/component-base/version");

    public BinaryRecipe {
        moduleFiles = Map.copyOf(moduleFiles);
    }

    /** The recipe that comes with this module. */
    public static BinaryRecipe pinned() {
        return of(GoRecipe.resources(FILES));
    }

    static BinaryRecipe of(Map<String, String> files) {
        return new BinaryRecipe(
                GoRecipe.required(files, "kubernetes/go.mod", "k8s.io/kubernetes"),
                GoRecipe.required(files, "etcd/go.mod", "go.etcd.io/etcd/server/v3"),
                files);
    }

    @Override
    public String description() {
        return "Kubernetes %s and etcd %s".formatted(kubernetesVersion, etcdVersion);
    }

    @Override
    public String name() {
        return "kubernetes-%s_etcd-%s".formatted(kubernetesVersion, etcdVersion);
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

    @Override
    public List<Step> steps() {
        return Stream.of(Target.values())
                .map(target -> new Step(
                        target.module(),
                        target.goPackage(),
                        target.executable(),
                        target == Target.ETCD ? etcdVersion : kubernetesVersion,
                        linkFlags(target)))
                .toList();
    }
}
