package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.linux.rootfs.RootTree.Folder;
import dev.agentcontainers.nodeagent.linux.rootfs.RootTree.Link;
import dev.agentcontainers.nodeagent.linux.rootfs.RootTree.Location;
import dev.agentcontainers.nodeagent.linux.rootfs.RootTree.Mounted;
import dev.agentcontainers.nodeagent.linux.rootfs.RootTree.Node;
import dev.agentcontainers.nodeagent.linux.rootfs.RootTree.Own;
import dev.agentcontainers.nodeagent.linux.rootfs.RootTree.Shown;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Plans an agent's root: the shown part of the host, read-only, with the manifest's mounts over it. Pure but for looking
 * at the host's tree.
 *
 * <p>Nothing is ever mounted over a file of the host. A directory in which something must be hidden, replaced or added
 * is built anew out of its shown children instead: a mount over a file would silently vanish when the host replaces that
 * file (rename(2) and unlink(2) detach mounts of other namespaces), and what it hid would be seen.
 */
public final class RootfsPlanner {
    private static final List<String> KERNEL_FILESYSTEMS = List.of("/proc", "/sys", "/dev");

    private final HostTree host;
    private final MountTable table;
    private final HostRoot hostRoot;

    public RootfsPlanner(HostTree host, MountTable table, HostRoot hostRoot) {
        this.host = host;
        this.table = table;
        this.hostRoot = hostRoot;
    }

    /**
     * What stands in an agent's root at paths where the host may have something else.
     *
     * @param files their content
     * @param folders the host's folders that are shown there, by path
     */
    public record Replacements(Map<String, String> files, Map<String, String> folders) {}

    /**
     * @param own what the agent has in place of the host's
     * @throws SandboxException of kind INVALID_SPEC where a mount can't be had, naming its path
     */
    public RootfsPlan plan(List<ResolvedMount> mounts, Replacements own, String workingDirectory)
            throws SandboxException {
        RootTree tree = new RootTree(host, table, hostRoot.hidden());
        List<RootMount> planned = new ArrayList<>();
        List<String> masked = new ArrayList<>();
        showHost(tree);
        for (Map.Entry<String, String> file : own.files().entrySet()) {
            if (tree.locate(file.getKey(), true, false) instanceof Location.InTree place) {
                place.put(new Own(file.getValue(), 0444));
            }
        }
        for (Map.Entry<String, String> folder : own.folders().entrySet()) {
            if (tree.locate(folder.getKey(), true, false) instanceof Location.InTree place) {
                place.put(new Shown(folder.getValue(), true));
            }
        }
        if (mounts.stream().noneMatch(mount -> mount.path().equals("/tmp"))) {
            tree.root().children().put("tmp", new Mounted());
            planned.add(new RootMount.Temporary("/tmp"));
        }
        for (ResolvedMount mount : outerFirst(mounts)) {
            if (isKernels(mount.path())) {
                masked.add(maskOf(mount));
            } else {
                place(tree, mount).ifPresent(planned::add);
            }
        }
        if (!workingDirectory.equals("/")
                && tree.locate(workingDirectory, true, true) instanceof Location.InTree place
                && place.child() == null) {
            place.put(new Folder(0755));
        }
        requireNothingInHostFolders(planned);
        return new RootfsPlan(tree.operations(), planned, masked);
    }

    private void showHost(RootTree tree) throws SandboxException {
        for (String path : HostRoot.EMPTY) {
            tree.root().children().put(path.substring(1), new Folder(0755));
        }
        // Where programs look for them, whatever the host has.
        if (tree.locate("/var/tmp", true, false) instanceof Location.InTree place) {
            place.put(new Link("../tmp"));
        }
        if (tree.locate("/var/run", true, false) instanceof Location.InTree place) {
            place.put(new Link("../run"));
        }
        for (String path : hostRoot.shown()) {
            if (tree.locate(path, true, false) instanceof Location.InTree place) {
                tree.asSeen(path).ifPresent(place::put);
            }
        }
        for (String pattern : hostRoot.hidden()) {
            tree.hide(pattern);
        }
    }

    private Optional<RootMount> place(RootTree tree, ResolvedMount mount) throws SandboxException {
        boolean denied = mount instanceof ResolvedMount.Denied;
        return switch (tree.locate(mount.path(), !denied, true)) {
            case Location.Nowhere _ -> Optional.empty();
            case Location.InMount place ->
                Optional.of(
                        switch (mount) {
                            case ResolvedMount.Denied _ ->
                                new RootMount.Denied(place.path(), Optional.of(place.mount()));
                            default -> mounted(mount, place.path(), Optional.of(place.mount()));
                        });
            case Location.InTree place -> {
                if (isKernels(place.path())) {
                    throw invalid(mount.path(), "leads to " + place.path() + ", which belongs to the kernel");
                }
                if (denied) {
                    deny(place);
                    yield Optional.empty();
                }
                place.put(new Mounted());
                yield Optional.of(mounted(mount, place.path(), Optional.empty()));
            }
        };
    }

    private static void deny(Location.InTree place) {
        Node existing = place.child();
        if (existing == null) {
            return;
        }
        boolean file = existing instanceof Own || (existing instanceof Shown shown && !shown.directory());
        place.put(file ? new Own("", 0) : new Folder(0));
    }

    static RootMount mounted(ResolvedMount mount, String path, Optional<String> within) {
        return switch (mount) {
            case ResolvedMount.Denied _ -> new RootMount.Denied(path, within);
            case ResolvedMount.Workspace workspace ->
                new RootMount.Workspace(path, within, workspace.path(), workspace.writable());
            case ResolvedMount.DiskDirectory directory -> new RootMount.Workspace(path, within, directory.path(), true);
            case ResolvedMount.MemoryDirectory directory -> new RootMount.Memory(path, within, directory.bytes());
            case ResolvedMount.RuntimeDirectory _ -> new RootMount.Runtime(path, within);
            case ResolvedMount.HostDirectory directory ->
                new RootMount.HostDirectory(path, within, directory.source(), directory.writable());
            case ResolvedMount.ImageFiles files -> new RootMount.ImageFiles(path, within, files.layers());
            case ResolvedMount.Files files -> new RootMount.Files(path, within, files.content(), files.secret());
        };
    }

    /** The place would have to be made in the host's folder, where others may do what they like meanwhile. */
    static void requireNothingInHostFolders(List<RootMount> mounts) throws SandboxException {
        for (RootMount outer : mounts) {
            for (RootMount inner : mounts) {
                if (outer instanceof RootMount.HostDirectory && inner.path().startsWith(outer.path() + "/")) {
                    throw invalid(
                            inner.path(), "stands in the hostPath '" + outer.path() + "', in which no mount can be");
                }
            }
        }
    }

    static String maskOf(ResolvedMount mount) throws SandboxException {
        if (mount instanceof ResolvedMount.Denied && !KERNEL_FILESYSTEMS.contains(mount.path())) {
            return mount.path();
        }
        throw invalid(mount.path(), "is in /proc, /sys or /dev, where only 'access: Denied' below them is possible");
    }

    public static boolean isKernels(String path) {
        return KERNEL_FILESYSTEMS.stream().anyMatch(kernel -> path.equals(kernel) || path.startsWith(kernel + "/"));
    }

    static List<ResolvedMount> outerFirst(List<ResolvedMount> mounts) {
        return mounts.stream()
                .sorted(Comparator.comparingInt(RootfsPlanner::depth).thenComparing(ResolvedMount::path))
                .toList();
    }

    private static int depth(ResolvedMount mount) {
        return (int) mount.path().chars().filter(c -> c == '/').count();
    }

    static SandboxException invalid(String path, String problem) {
        return new SandboxException(
                Step.CREATE, Kind.INVALID_SPEC, "spec.filesystem.mounts: path '" + path + "' " + problem);
    }
}
