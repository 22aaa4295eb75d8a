package dev.agentcontainers.localcluster.selection;

import dev.agentcontainers.localcluster.binaries.BinaryCache;
import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.binaries.GoToolchain;
import dev.agentcontainers.localcluster.binaries.Platform;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What this machine has that matters for the choice.
 *
 * @param forced the value of {@code AGENTCONTAINERS_CONTROL_PLANE}
 * @param kubeconfig the kubeconfig of an existing cluster
 * @param assets the folder {@code KUBEBUILDER_ASSETS}
 * @param containerEngine the address of a container engine that accepts connections
 * @param built binaries that were built before
 * @param go a Go toolchain; may be empty where {@code built} is not
 */
public record HostEnvironment(
        Platform platform,
        Optional<String> forced,
        Kubeconfig kubeconfig,
        Optional<Assets> assets,
        Optional<String> containerEngine,
        Optional<ControlPlaneBinaries> built,
        Optional<GoToolchain> go) {

    /** Where {@code KUBECONFIG} or kubectl's default points to, and whether a file is there. */
    public record Kubeconfig(Path path, boolean exists) {

        static Kubeconfig at(Path path) {
            return new Kubeconfig(path, Files.isRegularFile(path));
        }
    }

    /** A folder of binaries and the names of those that it lacks. */
    public record Assets(ControlPlaneBinaries binaries, List<String> missing) {

        static Assets in(Path folder) {
            ControlPlaneBinaries binaries = new ControlPlaneBinaries(folder);
            return new Assets(binaries, binaries.missing());
        }
    }

    /** Names the only provider to consider. */
    public static final String PROVIDER_VARIABLE = "AGENTCONTAINERS_CONTROL_PLANE";

    public static HostEnvironment of(Map<String, String> variables, BinaryCache cache) {
        Optional<ControlPlaneBinaries> built = cache.find();
        return new HostEnvironment(
                Platform.current(),
                value(variables, PROVIDER_VARIABLE),
                Kubeconfig.at(kubeconfig(variables)),
                value(variables, "KUBEBUILDER_ASSETS").map(Path::of).map(Assets::in),
                ContainerEngine.find(variables),
                built,
                built.isPresent() ? Optional.empty() : GoToolchain.find(variables));
    }

    /** The first file of the list, as kubectl writes to. */
    private static Path kubeconfig(Map<String, String> variables) {
        return value(variables, "KUBECONFIG")
                .map(list -> Path.of(list.split(File.pathSeparator, -1)[0]))
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".kube", "config"));
    }

    private static Optional<String> value(Map<String, String> variables, String name) {
        return Optional.ofNullable(variables.get(name)).filter(value -> !value.isBlank());
    }
}
