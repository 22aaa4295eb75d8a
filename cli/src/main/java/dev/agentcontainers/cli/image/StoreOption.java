package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.rootless.Tether;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.linux.LinuxPlatform;
import dev.agentcontainers.nodeagent.linux.image.LayerUnpacker;
import dev.agentcontainers.nodeagent.linux.image.UnpackLimits;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which store a command works on. */
final class StoreOption {
    private static final String DEFAULT = "/var/lib/agentcontainers/images";

    @Option(
            names = "--store",
            paramLabel = "DIRECTORY",
            defaultValue = DEFAULT,
            description =
                    "The store. Default: ${DEFAULT-VALUE}, which the node and the runs of this machine use; for users other than root their own.")
    private Path directory = Path.of(DEFAULT);

    /** What is done with an open store. */
    @FunctionalInterface
    interface Work<T> {
        T on(ImageStore store) throws IOException, InterruptedException;
    }

    /** Whether it is the machine's, to which only root has access: other users have one of their own in its place. */
    boolean needsNamespaces() {
        return directory.equals(Path.of(DEFAULT)) && !"root".equals(System.getProperty("user.name"));
    }

    Path directory() {
        return directory;
    }

    /** Opens the store, which is made where there is none. */
    <T> T open(Work<T> work) throws InterruptedException {
        try (ImageStore store = ImageStore.open(directory, layers(), StoreLimits.DEFAULT, Clock.systemUTC())) {
            return work.on(store);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private static LayerFiles layers() throws IOException {
        return Tether.holds(System.getenv())
                ? LinuxPlatform.ofAnOrdinaryUser().layers(StandaloneRun.rootlessSettings())
                : new LayerUnpacker(UnpackLimits.DEFAULT);
    }

    /** Opens the store; empty where there is none yet. */
    <T> Optional<T> openPresent(Work<T> work) throws InterruptedException {
        return Files.notExists(directory) ? Optional.empty() : Optional.of(open(work));
    }

    /** What an image is called by, as the user gave it. */
    static ImageReference reference(String text) {
        try {
            return ImageReference.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UserException(
                    e.getMessage() + "; an image is called [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST]", 2);
        }
    }

    static UserException failure(IOException problem) throws InterruptedException {
        return switch (problem) {
            case InterruptedIOException _ -> throw new InterruptedException(problem.getMessage());
            case AccessDeniedException denied ->
                new UserException(
                        denied.getFile() + " may not be read or written: images are root's, run agentctl as root");
            // Its message is nothing but the file's name in most cases.
            case FileSystemException file ->
                new UserException(file.getFile() + ": "
                        + Optional.ofNullable(file.getReason())
                                .orElse(file.getClass().getSimpleName()));
            case IOException other -> new UserException(String.valueOf(other.getMessage()));
        };
    }
}
