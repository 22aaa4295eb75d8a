package dev.agentcontainers.nodeagent.linux.storage;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * The workspaces of one sandbox: plain directories, or with a limit directories in an ext4 image of the limit's size,
 * which is mounted only in the sandbox's own mount namespace. Either is kept until {@link #delete}.
 */
public final class WorkspaceStore {
    /** Below this an ext4 filesystem has hardly any room. */
    public static final long LEAST_LIMIT = 16L << 20;

    private static final List<Path> MKFS = List.of(Path.of("/usr/sbin/mkfs.ext4"), Path.of("/sbin/mkfs.ext4"));
    private static final int LONGEST_NAME = 200;

    private final Path directory;
    private final LoopDevices loopDevices;

    /** @param directory of the sandbox */
    public WorkspaceStore(Path directory, LoopDevices loopDevices) {
        this.directory = directory;
        this.loopDevices = loopDevices;
    }

    /** True where limits can be enforced on this machine. */
    public static boolean enforcesLimits(LoopDevices loopDevices) {
        return loopDevices.available() && mkfs().isPresent();
    }

    /** The limit that the workspaces were made with; empty where they have none or don't exist. */
    public OptionalLong limit() throws IOException {
        return Files.exists(image()) ? OptionalLong.of(Files.size(image())) : OptionalLong.empty();
    }

    /** Makes what holds the workspaces, unless it exists. */
    public void prepare(OptionalLong limit, IdRange owner) throws IOException, InterruptedException {
        Files.createDirectories(plain());
        if (limit.isPresent() && !Files.exists(image())) {
            format(limit.getAsLong(), owner);
        }
    }

    /**
     * In the sandbox's mount namespace: makes the workspaces available.
     *
     * @param target an existing directory that an image can be mounted on
     * @return the directory that {@link #workspace} looks in
     */
    public Path open(Path target) throws IOException {
        if (!Files.exists(image())) {
            return plain();
        }
        int answer = loopDevices.mount(image(), target);
        if (answer < 0) {
            throw new SystemCallException("mount " + image(), -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return target;
    }

    /** The directory of one workspace, made where it does not exist. {@code path}: where the manifest mounts it. */
    public static Path workspace(Path opened, String path, IdRange owner) throws IOException {
        Path workspace = opened.resolve(nameFor(path));
        if (!Files.exists(workspace)) {
            Files.createDirectory(workspace);
            Files.setPosixFilePermissions(workspace, PosixFilePermissions.fromString("rwxr-x---"));
            Files.setAttribute(workspace, "unix:gid", (int) owner.first());
            Files.setAttribute(workspace, "unix:uid", (int) owner.first());
        }
        return workspace;
    }

    /** Removes the workspaces with everything in them. */
    public void delete() throws IOException {
        Files.deleteIfExists(image());
        Files.deleteIfExists(draft());
        DeepDeletion.delete(plain());
    }

    private void format(long bytes, IdRange owner) throws IOException, InterruptedException {
        Path program = mkfs().orElseThrow(() -> new IOException("mkfs.ext4 was not found: install e2fsprogs"));
        try (RandomAccessFile file = new RandomAccessFile(draft().toFile(), "rw")) {
            file.setLength(0);
            file.setLength(bytes);
        }
        Process process = new ProcessBuilder(
                        program.toString(),
                        "-q",
                        "-F",
                        "-m",
                        "0",
                        "-E",
                        "nodiscard,lazy_itable_init=1,lazy_journal_init=1,root_owner=" + owner.first() + ":"
                                + owner.first(),
                        draft().toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("formatting " + bytes + " bytes failed: " + output.strip());
        }
        // The image appears complete or not at all.
        Files.move(draft(), image(), StandardCopyOption.ATOMIC_MOVE);
    }

    private static Optional<Path> mkfs() {
        return MKFS.stream().filter(Files::isExecutable).findFirst();
    }

    private static String nameFor(String path) {
        String name = URLEncoder.encode(path.substring(1), StandardCharsets.UTF_8);
        return name.length() <= LONGEST_NAME
                ? name
                : name.substring(0, LONGEST_NAME) + "-" + Integer.toHexString(path.hashCode());
    }

    private Path plain() {
        return directory.resolve("workspace");
    }

    private Path image() {
        return directory.resolve("workspace.img");
    }

    private Path draft() {
        return directory.resolve("workspace.img.draft");
    }
}
