package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import dev.agentcontainers.localcluster.process.ChildCommand;
import dev.agentcontainers.localcluster.process.ChildLauncher;
import dev.agentcontainers.localcluster.process.ChildLauncher.Lifetime;
import dev.agentcontainers.localcluster.process.LogTail;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Builds the recipe's executables into a folder. */
final class GoBuild {

    private static final long REPORT_SECONDS = 20;

    private final GoToolchain toolchain;
    private final GoRecipe recipe;
    private final Path workFolder;
    private final Consumer<String> progress;

    /**
     * @param workFolder an empty folder, the caller's to delete
     */
    GoBuild(GoToolchain toolchain, GoRecipe recipe, Path workFolder, Consumer<String> progress) {
        this.toolchain = toolchain;
        this.recipe = recipe;
        this.workFolder = workFolder;
        this.progress = progress;
    }

    /** Builds all and returns the folder that holds them and nothing else. */
    Path run() {
        try {
            Path output = Files.createDirectory(workFolder.resolve("output"));
            Files.createDirectory(workFolder.resolve("temporary"));
            for (Map.Entry<String, String> file : recipe.moduleFiles().entrySet()) {
                Path path = workFolder.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.writeString(path, file.getValue());
            }
            Instant start = Instant.now();
            int number = 0;
            for (GoRecipe.Step step : recipe.steps()) {
                number++;
                build(step, number, output, start);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot prepare the build in " + workFolder, e);
        }
    }

    private void build(GoRecipe.Step step, int number, Path output, Instant start) {
        Path log = workFolder.resolve(step.executable() + ".log");
        ChildCommand command = new ChildCommand(
                List.of(
                        toolchain.executable().toString(),
                        "build",
                        "-trimpath",
                        "-buildvcs=false",
                        "-ldflags",
                        step.linkFlags(),
                        "-o",
                        output.resolve(step.executable()).toString(),
                        step.goPackage()),
                environment(),
                workFolder.resolve(step.module()),
                log);
        Process process = ChildLauncher.start(command, Lifetime.WITH_THIS_JVM);
        try {
            do {
                progress.accept("building %s (%d of %d, %d s so far)"
                        .formatted(
                                step.executable(),
                                number,
                                recipe.steps().size(),
                                Duration.between(start, Instant.now()).toSeconds()));
            } while (!process.waitFor(REPORT_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ControlPlaneFailedException("interrupted while building " + step.executable(), e);
        } finally {
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            throw new ControlPlaneFailedException("cannot build %s %s with %s (exit code %d):%n%s"
                    .formatted(step.executable(), step.version(), toolchain, process.exitValue(), LogTail.of(log)));
        }
    }

    /** The user's environment (proxies, caches) less what would change the result. */
    private Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.keySet().removeAll(List.of("GOOS", "GOARCH", "GOEXPERIMENT"));
        environment.put("CGO_ENABLED", "0");
        environment.put("GOFLAGS", "-mod=readonly");
        environment.put("GOTMPDIR", workFolder.resolve("temporary").toString());
        environment.put("GOTOOLCHAIN", toolchain.selection());
        environment.put("GOWORK", "off");
        return environment;
    }
}
