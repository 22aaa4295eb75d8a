package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls.MountFlag;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts a root filesystem together in the calling thread's mount namespace, which must be a private one. What the sandbox
 * may write to is opened without following symbolic links, because an earlier run of the agent may have made them.
 */
public final class RootBuilder {
    private static final List<MountFlag> SAFE = List.of(MountFlag.NO_SUID, MountFlag.NO_DEV);
    private static final List<MountFlag> SEALED =
            List.of(MountFlag.REMOUNT, MountFlag.BIND, MountFlag.READ_ONLY, MountFlag.NO_SUID, MountFlag.NO_DEV);
    private static final List<MountFlag> OPEN =
            List.of(MountFlag.REMOUNT, MountFlag.BIND, MountFlag.NO_SUID, MountFlag.NO_DEV);

    /** A folder with more entries than this is not rebuilt around a mount point that it lacks. */
    private static final int MOST_ENTRIES = 512;

    private final LinuxCalls calls;
    private final RootRequest request;
    private final MountTable host;
    private final Path root;
    private final Set<Path> rebuilt = new HashSet<>();

    private RootBuilder(LinuxCalls calls, RootRequest request, MountTable host) {
        this.calls = calls;
        this.request = request;
        this.host = host;
        this.root = request.root();
    }

    /**
     * Builds the tree.
     *
     * @throws RootException where a mount of the sandbox can't be placed; the message names its path
     */
    public static void build(LinuxCalls calls, RootRequest request, MountTable host) throws IOException {
        new RootBuilder(calls, request, host).build();
    }

    private void build() throws IOException {
        memory(root, "mode=755,size=1m,nr_inodes=4k");
        for (String path : request.shown()) {
            show(path);
        }
        scaffold();
        for (String path : HostRoot.HIDDEN) {
            hide(within(path));
        }
        for (Map.Entry<String, Path> file : request.own().entrySet()) {
            Path target = root.resolve("etc").resolve(file.getKey());
            if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
                bind(file.getValue(), target, SEALED);
            }
        }
        List<ResolvedMount> outerFirst = request.mounts().stream()
                .sorted(Comparator.comparing(ResolvedMount::path))
                .toList();
        for (ResolvedMount mount : outerFirst) {
            place(mount);
        }
        for (Path folder : rebuilt) {
            seal(folder);
        }
        seal(root);
    }

    private void show(String path) throws IOException {
        Path source = Path.of(path);
        if (!Files.exists(source, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Path target = within(path);
        if (Files.isSymbolicLink(source)) {
            Files.createSymbolicLink(target, Files.readSymbolicLink(source));
            return;
        }
        Files.createDirectories(target);
        bind(source, target, SEALED);
        for (String nested : host.below(path, HostRoot.LOCAL_KINDS)) {
            Path nestedTarget = within(nested);
            if (Files.isDirectory(nestedTarget, LinkOption.NOFOLLOW_LINKS)) {
                bind(Path.of(nested), nestedTarget, SEALED);
            }
        }
    }

    /** What programs expect beside the host's files; the runtime mounts proc, sys and dev. */
    private void scaffold() throws IOException {
        for (String folder : List.of("proc", "sys", "dev", "tmp", "run", "var", "home", "root", "mnt", "srv")) {
            Files.createDirectories(root.resolve(folder));
        }
        memory(root.resolve("tmp"), "mode=1777");
        memory(root.resolve("run"), "mode=755,size=16m,uid=" + request.hostId() + ",gid=" + request.hostId());
        for (String folder : List.of("lib", "cache", "log", "spool")) {
            Files.createDirectories(root.resolve("var").resolve(folder));
        }
        Files.createSymbolicLink(root.resolve("var/tmp"), Path.of("/tmp"));
        Files.createSymbolicLink(root.resolve("var/run"), Path.of("/run"));
    }

    private void place(ResolvedMount mount) throws IOException {
        Path target = resolve(mount.path());
        switch (mount) {
            case ResolvedMount.Denied _ -> {
                if (Files.exists(target, LinkOption.NOFOLLOW_LINKS) || isBelowWorkspace(mount.path())) {
                    hide(pointOf(target, mount));
                }
            }
            case ResolvedMount.Workspace workspace -> {
                Path point = pointOf(target, mount);
                bindOn(request.workspace(), point, workspace.writable() ? OPEN : SEALED);
            }
            case ResolvedMount.Files files -> {
                Path point = pointOf(target, mount);
                memoryOn(point, "mode=755,size=8m,uid=" + request.hostId() + ",gid=" + request.hostId());
                write(point, files);
                sealOn(point);
            }
        }
    }

    private void write(Path point, ResolvedMount.Files files) throws IOException {
        for (Map.Entry<String, byte[]> file : files.content().entrySet()) {
            Path path = point.resolve(file.getKey());
            Files.write(path, file.getValue());
            Files.setPosixFilePermissions(
                    path, PosixFilePermissions.fromString(files.secret() ? "r--------" : "r--r--r--"));
            Files.setAttribute(path, "unix:uid", (int) request.hostId());
            Files.setAttribute(path, "unix:gid", (int) request.hostId());
        }
    }

    private boolean isBelowWorkspace(String path) {
        return request.mounts().stream()
                .filter(ResolvedMount.Workspace.class::isInstance)
                .anyMatch(workspace -> path.startsWith(workspace.path() + "/"));
    }

    /** Follows symbolic links of the host's own tree, as /bin, staying inside the root. */
    private Path resolve(String path) throws IOException {
        Path current = root;
        for (Path name : Path.of(path)) {
            Path next = current.resolve(name);
            if (Files.isSymbolicLink(next) && !isBelowWorkspace("/" + root.relativize(next))) {
                Path link = Files.readSymbolicLink(next);
                Path inside = link.isAbsolute() ? root.resolve(Path.of("/").relativize(link)) : current.resolve(link);
                Path normal = inside.normalize();
                if (!normal.startsWith(root)) {
                    throw new RootException("mount path " + path + " leads out of the root by the link " + next);
                }
                current = normal;
            } else {
                current = next;
            }
        }
        return current;
    }

    /** Makes sure that there is something to mount on, and opens it without following links. */
    private Path pointOf(Path target, ResolvedMount mount) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            makePoint(target, mount);
        }
        return target;
    }

    private void makePoint(Path target, ResolvedMount mount) throws IOException {
        Path ancestor = target;
        while (!Files.exists(ancestor, LinkOption.NOFOLLOW_LINKS)) {
            ancestor = parent(ancestor);
        }
        boolean own = isOwn(ancestor) || isBelowWorkspace(mount.path());
        if (!own) {
            rebuild(ancestor, mount);
        }
        Files.createDirectories(target);
        if (isBelowWorkspace(mount.path())) {
            own(target);
        }
    }

    private void own(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", (int) request.hostId(), LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", (int) request.hostId(), LinkOption.NOFOLLOW_LINKS);
    }

    /** True for folders that are not the host's: the root itself, what scaffolding made, what was rebuilt. */
    private boolean isOwn(Path folder) {
        for (String path : request.shown()) {
            if (folder.startsWith(within(path))) {
                return rebuilt.stream().anyMatch(own -> own.equals(folder));
            }
        }
        return true;
    }

    /** Replaces a folder of the host by one in memory with the same children bound into it. */
    private void rebuild(Path folder, ResolvedMount mount) throws IOException {
        Path source = Path.of("/").resolve(root.relativize(folder));
        List<Path> children;
        try (var entries = Files.list(source)) {
            children = entries.limit(MOST_ENTRIES + 1L).toList();
        }
        if (children.size() > MOST_ENTRIES) {
            throw new RootException("mount path " + mount.path() + " does not exist on this node, and " + source
                    + " has more than " + MOST_ENTRIES
                    + " entries: mount at a path that exists, or below another folder");
        }
        memory(folder, "mode=755,size=1m,nr_inodes=4k");
        for (Path child : children) {
            Path target = folder.resolve(child.getFileName());
            if (Files.isSymbolicLink(child)) {
                Files.createSymbolicLink(target, Files.readSymbolicLink(child));
            } else if (Files.isDirectory(child)) {
                Files.createDirectory(target);
                bind(child, target, SEALED);
            } else if (Files.isRegularFile(child)) {
                Files.createFile(target);
                bind(child, target, SEALED);
            }
        }
        rebuilt.add(folder);
        for (String hidden : HostRoot.HIDDEN) {
            if (within(hidden).startsWith(folder)) {
                hide(within(hidden));
            }
        }
    }

    private void hide(Path target) throws IOException {
        if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            memoryOn(target, "mode=000,size=4k,nr_inodes=1");
            sealOn(target);
        } else if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
            bindOn(request.blank(), target, SEALED);
        }
    }

    private void memory(Path target, String options) throws SystemCallException {
        calls.mount("tmpfs", target.toString(), "tmpfs", SAFE, options);
    }

    private void bind(Path source, Path target, List<MountFlag> flags) throws SystemCallException {
        calls.mount(source.toString(), target.toString(), "", List.of(MountFlag.BIND), "");
        calls.mount("none", target.toString(), "", flags, "");
    }

    private void seal(Path target) throws SystemCallException {
        calls.mount("none", target.toString(), "", SEALED, "");
    }

    private void memoryOn(Path target, String options) throws SystemCallException {
        on(target, path -> calls.mount("tmpfs", path, "tmpfs", SAFE, options));
    }

    private void bindOn(Path source, Path target, List<MountFlag> flags) throws SystemCallException {
        on(target, path -> calls.mount(source.toString(), path, "", List.of(MountFlag.BIND), ""));
        on(target, path -> calls.mount("none", path, "", flags, ""));
    }

    private void sealOn(Path target) throws SystemCallException {
        on(target, path -> calls.mount("none", path, "", SEALED, ""));
    }

    private interface OnPath {
        void act(String path) throws SystemCallException;
    }

    /** By a descriptor that was opened beneath the root without following links, so that no link can lead elsewhere. */
    private void on(Path target, OnPath action) throws SystemCallException {
        int descriptor =
                calls.openBeneath(root.toString(), root.relativize(target).toString());
        try {
            action.act("/proc/thread-self/fd/" + descriptor);
        } finally {
            calls.close(descriptor);
        }
    }

    private Path within(String path) {
        return root.resolve(path.substring(1));
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalStateException(path + " has no parent");
        }
        return parent;
    }
}
