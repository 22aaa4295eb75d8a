package dev.agentcontainers.nodeagent.linux.storage;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The workspaces of one sandbox: plain directories, or with a limit directories in an ext4 image of the limit's size,
 * which is mounted only in the sandbox's own mount namespace. Either is kept until {@link #delete}.
 */
public final class WorkspaceStore {
    /** Below this an ext4 filesystem has hardly any room. */
    public static final long LEAST_LIMIT = 16L << 20;

    private static final int LONGEST_NAME = 200;
    private static final int SHOWN_OF_LONGER = 150;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Path directory;
    private final LoopDevices loopDevices;
    private final Ext4Images images;
    private final WorkspaceTemplates templates;

    /** @param directory of the sandbox */
    public WorkspaceStore(Path directory, LoopDevices loopDevices, Ext4Images images, WorkspaceTemplates templates) {
        this.directory = directory;
        this.loopDevices = loopDevices;
        this.images = images;
        this.templates = templates;
    }

    /** The limit that the workspaces have; empty where they have none or don't exist. */
    public OptionalLong limit() throws IOException {
        return Files.exists(image()) ? OptionalLong.of(Files.size(image())) : OptionalLong.empty();
    }

    /** What they take of their limit while no run has them; empty where they have none, and while it is not known. */
    OptionalLong used() throws IOException {
        return Files.exists(image()) ? Ext4Images.used(image()) : OptionalLong.empty();
    }

    /**
     * Makes what holds the workspaces, or gives it the limit that it has now. Must not be called while they are in use.
     *
     * @throws StorageRefusedException where workspaces that exist can't have the limit
     */
    public void prepare(Optional<StorageLimit> limit) throws IOException, InterruptedException {
        PrivateFiles.makeDirectory(plain());
        deleteRootChanges();
        if (limit.isEmpty()) {
            return;
        }
        boolean reserved = limit.get().reserved();
        if (Files.exists(image())) {
            awaitUnused();
        }
        if (!Files.exists(image())) {
            if (holdsPlainWorkspaces()) {
                if (reserved) {
                    throw new StorageRefusedException(
                            "can't be set because the workspaces exist already without a limit; delete the"
                                    + " AgentContainer and create it anew");
                }
                return;
            }
            make(limit.get());
        } else if (reserved) {
            if (!Ext4Images.isOfSize(image(), limit.get().bytes())) {
                requireRoom(limit.get().bytes() - Files.size(image()));
                images.resize(image(), limit.get().bytes());
            }
            images.reserve(image());
        }
        // A limit that nobody asked for changes nothing of what exists.
    }

    /** The kernel lets go of a device some time after the last process that could see its mount has ended. */
    private void awaitUnused() throws IOException, InterruptedException {
        long giveUp = System.nanoTime() + PATIENCE.toNanos();
        while (loopDevices.isInUse(image())) {
            if (System.nanoTime() > giveUp) {
                throw new IOException(image() + " is still mounted " + PATIENCE.toSeconds() + " s after its run ended");
            }
            Thread.sleep(5);
        }
    }

    private void make(StorageLimit limit) throws IOException, InterruptedException {
        requireRoom(limit.bytes());
        // Reserved under another name: what has its own name is complete, also after a crash.
        Path draft = draft();
        Files.deleteIfExists(draft);
        templates.take(limit.bytes(), draft);
        try {
            if (limit.reserved()) {
                images.reserve(draft);
            }
            Files.move(draft, image(), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** Asked before it is reserved: trying would fill the disk first. */
    private void requireRoom(long bytes) throws IOException {
        long left = Files.getFileStore(directory).getUsableSpace();
        if (left < bytes) {
            throw new IOException("the disk of " + directory + " has " + left + " bytes left, and the limit of"
                    + " ephemeral-storage takes " + bytes);
        }
    }

    private boolean holdsPlainWorkspaces() throws IOException {
        try (Stream<Path> entries = Files.list(plain())) {
            return entries.findAny().isPresent();
        }
    }

    /**
     * In the sandbox's mount namespace: makes the workspaces available.
     *
     * @param target an existing directory that an image can be mounted on
     * @param reserved whether the disk goes on keeping the bytes of what the agent deletes
     * @param writing how what is written comes to the disk, where there is an image
     * @return the directory that {@link #workspace} looks in
     */
    public Path open(Path target, boolean reserved, LoopDevices.Writing writing) throws IOException {
        if (!Files.exists(image())) {
            return plain();
        }
        int answer = loopDevices.mount(image(), target, !reserved, writing);
        if (answer < 0) {
            throw new SystemCallException("mount " + image(), -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return target;
    }

    /** Where what an agent changes of its image's root is kept: a name that no workspace can have. */
    public static Path rootChanges(Path opened) {
        return opened.resolve("%root");
    }

    /** The directory of one workspace, made where it does not exist. {@code path}: where the manifest mounts it.
     *
     * @param owner the host's user and group id that stands for the agent's own
     */
    public static Path workspace(Path opened, String path, long owner) throws IOException {
        Path workspace = opened.resolve(nameFor(path));
        if (!Files.exists(workspace)) {
            Files.createDirectory(workspace);
            Files.setPosixFilePermissions(workspace, PosixFilePermissions.fromString("rwxr-x---"));
            Files.setAttribute(workspace, "unix:gid", (int) owner);
            Files.setAttribute(workspace, "unix:uid", (int) owner);
        }
        return workspace;
    }

    /**
     * Removes what the last run changed of its image's root, but for what is in an image of the workspaces, which only the next
     * run opens. Must not be called while it is in use.
     */
    public void deleteRootChanges() throws IOException {
        DeepDeletion.delete(rootChanges(plain()));
    }

    /** Removes the workspaces with everything in them. */
    public void delete() throws IOException {
        Files.deleteIfExists(image());
        Files.deleteIfExists(draft());
        Files.deleteIfExists(Ext4Images.draftOf(draft()));
        DeepDeletion.delete(plain());
    }

    /** A file name for a path of a manifest, another one for each path: parts of two places must never be one. */
    public static String nameFor(String path) {
        String name = URLEncoder.encode(path.substring(1), StandardCharsets.UTF_8);
        return name.length() <= LONGEST_NAME ? name : name.substring(0, SHOWN_OF_LONGER) + "-" + digest(path);
    }

    private static String digest(String path) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(path.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path plain() {
        return directory.resolve("workspace");
    }

    private Path image() {
        return directory.resolve("workspace.img");
    }

    private Path draft() {
        return directory.resolve("workspace.draft");
    }
}
