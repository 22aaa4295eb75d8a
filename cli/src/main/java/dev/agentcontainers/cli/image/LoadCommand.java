package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.registry.SignaturesFlag;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.archive.ImageArchive;
import dev.agentcontainers.nodeagent.image.signature.SignatureAdmission;
import dev.agentcontainers.nodeagent.image.store.Admission;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code agentctl image load}. */
@Command(
        name = "load",
        description = {
            "Takes the images of an OCI layout or of what docker save wrote.",
            "",
            "agentctl image load agent.tar",
            "agentctl image load layout/ --as registry.example.org/team/agent:1.4",
            "docker save team/agent:1 | agentctl image load -",
            "",
            "PATH is a directory with either, a tar archive of either, gzipped or not, or -",
            "for an archive on standard input. Images are called what they are called there.",
            "What is printed, REPOSITORY:TAG@DIGEST, is exactly what was taken.",
            "An agent that is to run from one must not have spec.imagePullPolicy Always,",
            "with which the registry is asked. What must be signed on this machine",
            "(--signatures) is taken without a signature, and run once its registry gives",
            "one for its digest; what is to run nowhere here is not taken.",
            ""
        },
        sortOptions = false,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:the images are here, whole",
            "1:they are not, and the message says why",
            "2:a wrong command line"
        })
final class LoadCommand extends StoreCommand {
    /** Big files are for here; /tmp may be memory. */
    private static final Path LARGE_TEMPORARY = Path.of("/var/tmp");

    private static final int BUFFER = 64 << 10;

    @Option(
            names = "--as",
            paramLabel = "IMAGE",
            description = "What the image is called, where there is only one: [REGISTRY[:PORT]/]REPOSITORY[:TAG].")
    private @Nullable String name;

    @Mixin
    private SignaturesFlag signatures = new SignaturesFlag();

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress, which is shown on standard error where that is a terminal.")
    private boolean quiet;

    @Parameters(paramLabel = "PATH", description = "A directory, an archive, or - for standard input.")
    private String path = "";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    /** An image and what it is to be called. */
    private record Named(ImageReference reference, ImageArchive.Image image) {}

    @Override
    int work() throws InterruptedException {
        if (name != null) {
            StoreOption.reference(name);
        }
        if (!path.equals("-") && !Files.exists(Path.of(path))) {
            throw new UserException("image load: %s: there is no such file or directory".formatted(path), 2);
        }
        store().open(this::load);
        return 0;
    }

    private int load(ImageStore images) throws IOException, InterruptedException {
        if (!path.equals("-") && Files.isDirectory(Path.of(path))) {
            return load(ImageArchive.ofDirectory(Path.of(path)), images);
        }
        Path scratch = Files.createTempDirectory(
                Files.isWritable(LARGE_TEMPORARY) ? LARGE_TEMPORARY : Path.of(System.getProperty("java.io.tmpdir")),
                "agentctl-image-");
        try (InputStream given = path.equals("-") ? System.in : Files.newInputStream(Path.of(path));
                InputStream archive = decompressed(given)) {
            return load(
                    ImageArchive.ofArchive(
                            path.equals("-") ? "standard input" : path,
                            archive,
                            scratch,
                            StoreLimits.DEFAULT.unpackedBytes()),
                    images);
        } finally {
            removeFlat(scratch);
        }
    }

    private int load(ImageArchive archive, ImageStore images) throws IOException, InterruptedException {
        List<Named> all = named(archive.images());
        Admission admission = new SignatureAdmission(signatures.rules()).withoutProof();
        for (Named each : all) {
            new Received(spec.commandLine(), quiet)
                    .from(archive.source(each.image()), each.reference(), admission, images);
        }
        return all.size();
    }

    /** Each has a name before the first is taken. */
    private List<Named> named(List<ImageArchive.Image> found) {
        if (found.isEmpty()) {
            throw new UserException("image load: %s has no image".formatted(path));
        }
        if (name != null) {
            if (found.stream().map(ImageArchive.Image::digest).distinct().count() > 1) {
                throw new UserException(
                        "image load: --as is for one image, but %s has %d".formatted(path, found.size()), 2);
            }
            return List.of(new Named(StoreOption.reference(name), found.getFirst()));
        }
        return found.stream()
                .map(image -> new Named(
                        image.reference()
                                .orElseThrow(() -> new UserException(
                                        "image load: %s does not say what the image %s is called; say it by --as IMAGE"
                                                .formatted(path, image.digest()),
                                        2)),
                        image))
                .toList();
    }

    /** By its first bytes: names say little of archives from elsewhere. */
    private InputStream decompressed(InputStream given) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(given, BUFFER);
        buffered.mark(4);
        byte[] begin = buffered.readNBytes(4);
        buffered.reset();
        if (begins(begin, 0x1f, 0x8b)) {
            return new GZIPInputStream(buffered, BUFFER);
        }
        if (begins(begin, 0x28, 0xb5, 0x2f, 0xfd)
                || begins(begin, 0xfd, '7', 'z', 'X')
                || begins(begin, 'B', 'Z', 'h')) {
            throw new UserException(
                    "image load: %s is compressed by something else than gzip: give it decompressed, for example by 'zstd -dc', 'xz -dc' or 'bzip2 -dc' and -"
                            .formatted(path));
        }
        return buffered;
    }

    private static boolean begins(byte[] content, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (content.length <= i || (content[i] & 0xff) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    private static void removeFlat(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
