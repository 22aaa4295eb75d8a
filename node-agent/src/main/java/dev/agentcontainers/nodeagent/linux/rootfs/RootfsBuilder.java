package dev.agentcontainers.nodeagent.linux.rootfs;

import static dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace.check;
import static dev.agentcontainers.nodeagent.linux.rootfs.Mounts.ATTRIBUTE_NODEV;
import static dev.agentcontainers.nodeagent.linux.rootfs.Mounts.ATTRIBUTE_NOSUID;
import static dev.agentcontainers.nodeagent.linux.rootfs.Mounts.ATTRIBUTE_RDONLY;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan.Operation;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/** Makes a planned root. Works in the calling thread's mount namespace, which must be its own. */
public final class RootfsBuilder {
    private static final long ALWAYS = ATTRIBUTE_NOSUID | ATTRIBUTE_NODEV;
    private static final int EINVAL = 22;
    private static final int ENOENT = 2;
    private static final int ENOTDIR = 20;
    private static final int ELOOP = 40;
    private static final int EEXIST = 17;
    private static final int EBUSY = 16;
    private static final int PAGE = 4096;

    /** What sockets, locks and small files of a session need, many times over. */
    private static final long RUNTIME_BYTES = 64L << 20;

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Mounts mounts;

    public RootfsBuilder(Mounts mounts) {
        this.mounts = mounts;
    }

    /**
     * @param workspace where the directory of a workspace is, by its name
     * @param hostFolders that the agent may be given
     * @param images by which images are mounted
     * @param owner the host's user and group id that stands for the agent's own
     * @param temporaryBytes size of /tmp
     * @param mostMemoryBytes the agent's limit of memory, beyond which nothing in memory can be filled
     */
    public record Parameters(
            Function<String, Path> workspace,
            HostFolders hostFolders,
            ImageVolumes images,
            long owner,
            long temporaryBytes,
            long mostMemoryBytes) {}

    /** Mounts the files of images. */
    @FunctionalInterface
    public interface ImageVolumes {
        /**
         * Mounts one, so that nothing can be written to it.
         *
         * @param layers directories of its unpacked layers, the lowest first
         */
        void mount(List<Path> layers, String target) throws IOException;
    }

    /** Mounts a filesystem in memory, kept out of swap space where the kernel can (6.4). */
    public void mountMemory(Path target, String options) throws IOException {
        mountMemory(target.toString(), options);
    }

    private void mountMemory(String target, String options) throws IOException {
        long flags = Mounts.MS_NOSUID | Mounts.MS_NODEV;
        int answer = mounts.mount("agentcontainers", target, "tmpfs", flags, options + ",noswap");
        if (answer == -EINVAL) {
            answer = mounts.mount("agentcontainers", target, "tmpfs", flags, options);
        }
        // Without it, what must never be on a disk would be written to the directory below.
        check("mount a tmpfs at " + target, answer);
    }

    /**
     * Makes it at {@code root}, an existing directory.
     *
     * @throws SandboxException of kind INVALID_SPEC where a mount can't be had, naming its path
     */
    public void build(RootfsPlan plan, Path root, Parameters parameters) throws IOException, SandboxException {
        mountMemory(root, "mode=0755");
        for (Operation operation : plan.tree()) {
            make(operation, root);
        }
        restrict(root.toString(), true, ALWAYS | ATTRIBUTE_RDONLY);
        mountOver(plan, root, parameters);
    }

    /** Makes only the plan's mounts, over a root that is there and has the places for them. */
    public void mountOver(RootfsPlan plan, Path root, Parameters parameters) throws IOException, SandboxException {
        Set<String> images = new HashSet<>();
        Set<String> left = new HashSet<>();
        List<RootMount> made = new ArrayList<>();
        for (RootMount mount : plan.mounts()) {
            if (mount.within().filter(left::contains).isPresent()) {
                throw RootfsPlanner.invalid(
                        mount.path(),
                        "stands in '" + mount.within().get() + "', which is denied and which the image there has not");
            }
            boolean inImage = mount.within().filter(images::contains).isPresent();
            if (!inImage || hasPlaceInImage(mount, root)) {
                mount(mount, root, parameters);
                made.add(mount);
            } else {
                left.add(mount.path());
            }
            if (mount instanceof RootMount.ImageFiles) {
                images.add(mount.path());
            }
        }
        // Only now, since inner mounts may have needed a directory in an outer one.
        for (RootMount mount : made) {
            if (mount.readOnly()) {
                at(mount, root, parameters.owner(), target -> restrict(target, false, ALWAYS | ATTRIBUTE_RDONLY));
            }
        }
    }

    /**
     * Nothing can be made in an image. Where it has nothing at a path that is denied, nothing is to be hidden.
     *
     * @return false where there is nothing to be mounted
     */
    private boolean hasPlaceInImage(RootMount mount, Path root) throws IOException, SandboxException {
        String outer = mount.within().orElseThrow();
        int directory = check("open " + outer, mounts.openDirectory(root + outer));
        try {
            for (String name : namesFrom(outer, mount)) {
                int next = mounts.openDirectoryIn(directory, name);
                if (next == -ENOENT && mount instanceof RootMount.Denied) {
                    return false;
                }
                if (next == -ENOENT || next == -ENOTDIR || next == -ELOOP) {
                    throw RootfsPlanner.invalid(
                            mount.path(),
                            "stands in the image at '" + outer + "', which has no directory '" + name
                                    + "' on the way (a file or link is none) and can't be changed: mount it elsewhere, or"
                                    + " an image that has that directory");
                }
                check("open " + name + " of " + mount.path(), next);
                mounts.close(directory);
                directory = next;
            }
            return true;
        } finally {
            mounts.close(directory);
        }
    }

    private static List<String> namesFrom(String outer, RootMount mount) {
        return List.of(mount.path().substring(outer.length() + 1).split("/"));
    }

    private void make(Operation operation, Path root) throws IOException {
        Path path = Path.of(root + operation.path());
        switch (operation) {
            case Operation.Directory directory -> Files.createDirectory(path, permissions(directory.mode()));
            case Operation.Link link -> Files.createSymbolicLink(path, Path.of(link.target()));
            case Operation.File file -> {
                Files.createFile(path, permissions(file.mode()));
                if (!file.content().isEmpty()) {
                    Files.writeString(path, file.content(), UTF_8);
                }
            }
            case Operation.Program program -> {
                Files.createFile(path, permissions(0555));
                Files.write(path, program.content());
            }
            case Operation.Show show -> {
                if (show.directory()) {
                    Files.createDirectory(path, permissions(0755));
                } else {
                    Files.createFile(path, permissions(0444));
                }
                // The host may have removed it since it was looked at.
                if (Files.exists(Path.of(show.source()))) {
                    bind(show.source(), path.toString());
                }
            }
            // Not there (any more), or below another mount of the host: then the agent does not see it either.
            case Operation.ShowMount mount -> {
                if (Files.isDirectory(path)) {
                    bind(mount.path(), path.toString());
                }
            }
        }
    }

    private void mount(RootMount mount, Path root, Parameters parameters) throws IOException {
        long owner = parameters.owner();
        at(mount, root, owner, target -> {
            switch (mount) {
                case RootMount.Temporary _ ->
                    mountMemory(target, memoryOptions("1777", parameters.temporaryBytes(), owner));
                case RootMount.Memory memory ->
                    mountMemory(
                            target,
                            memoryOptions("0750", Math.min(memory.bytes(), parameters.mostMemoryBytes()), owner));
                case RootMount.Runtime _ ->
                    mountMemory(
                            target,
                            memoryOptions("0700", Math.min(RUNTIME_BYTES, parameters.mostMemoryBytes()), owner));
                case RootMount.Workspace workspace ->
                    bind(parameters.workspace().apply(workspace.name()).toString(), target);
                case RootMount.HostDirectory directory -> mountHost(directory, parameters.hostFolders(), target);
                case RootMount.ImageFiles files -> parameters.images().mount(files.layers(), target);
                case RootMount.Files files ->
                    mountMemory(target, memoryOptions("0755", sizeOf(files.content()), owner));
                case RootMount.Shown shown -> bind(shown.source(), target);
                case RootMount.Denied _ -> mountMemory(target, "mode=0000,size=4096,nr_inodes=64");
            }
        });
        // Found again: a place that was opened before still means the directory under the mount.
        at(mount, root, owner, target -> {
            restrict(target, false, ALWAYS);
            if (mount instanceof RootMount.Files files) {
                writeFiles(files, target, owner);
            }
        });
    }

    private void mountHost(RootMount.HostDirectory directory, HostFolders folders, String target) throws IOException {
        int mount = folders.open(mounts, directory.source(), directory.writable());
        try {
            check("mount " + directory.source(), mounts.placeMount(mount, target));
        } finally {
            mounts.close(mount);
        }
    }

    private static void writeFiles(RootMount.Files files, String target, long owner) throws IOException {
        for (Map.Entry<String, byte[]> file : files.content().entrySet()) {
            Path path = Path.of(target, file.getKey());
            Files.createFile(path, permissions(files.secret() ? 0400 : 0444));
            Files.write(path, file.getValue());
            Files.setAttribute(path, "unix:uid", (int) owner);
            Files.setAttribute(path, "unix:gid", (int) owner);
        }
    }

    private void bind(String source, String target) throws IOException {
        check("show " + source, mounts.mount(source, target, "none", Mounts.MS_BIND, ""));
    }

    /**
     * Busy means that something has a file of the mount open for writing. That can only be a child that another thread
     * is just starting: it holds copies of our descriptors for the moment between fork and exec.
     */
    private void restrict(String target, boolean tree, long attributes) throws IOException {
        long giveUp = System.nanoTime() + PATIENCE.toNanos();
        int answer = mounts.setAttributes(target, tree, attributes);
        while (answer == -EBUSY && System.nanoTime() < giveUp) {
            LockSupport.parkNanos(100_000);
            answer = mounts.setAttributes(target, tree, attributes);
        }
        check("restrict the mount " + target, answer);
    }

    private static String memoryOptions(String mode, long bytes, long owner) {
        long inodes = Math.max(16, bytes / PAGE);
        return "mode=" + mode + ",size=" + bytes + ",nr_inodes=" + inodes + ",uid=" + owner + ",gid=" + owner;
    }

    private static long sizeOf(Map<String, byte[]> content) {
        return PAGE
                * (16L
                        + content.values().stream()
                                .mapToLong(bytes -> bytes.length / PAGE + 2L)
                                .sum());
    }

    private interface Action {
        void on(String target) throws IOException;
    }

    /**
     * Does something at the place of a mount. Inside other mounts each step is taken by itself and never through a link,
     * and missing directories are made there.
     */
    private void at(RootMount mount, Path root, long owner, Action action) throws IOException {
        if (mount.within().isEmpty()) {
            action.on(root + mount.path());
            return;
        }
        String outer = mount.within().get();
        int directory = check("open " + outer, mounts.openDirectory(root + outer));
        try {
            for (String name : namesFrom(outer, mount)) {
                int made = mounts.makeDirectoryIn(directory, name, 0755);
                if (made != -EEXIST) {
                    check("make the directory " + name + " of " + mount.path(), made);
                }
                int next = check(
                        "open " + name + " of " + mount.path() + " (a link or file that the agent made there?)",
                        mounts.openDirectoryIn(directory, name));
                mounts.close(directory);
                directory = next;
                if (made >= 0) {
                    check("own " + mount.path(), mounts.changeOwner(directory, owner));
                }
            }
            action.on("/proc/thread-self/fd/" + directory);
        } finally {
            mounts.close(directory);
        }
    }

    private static FileAttribute<Set<PosixFilePermission>> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] all = PosixFilePermission.values();
        for (int i = 0; i < all.length; i++) {
            if ((mode & (0400 >> i)) != 0) {
                permissions.add(all[i]);
            }
        }
        return PosixFilePermissions.asFileAttribute(permissions);
    }
}
