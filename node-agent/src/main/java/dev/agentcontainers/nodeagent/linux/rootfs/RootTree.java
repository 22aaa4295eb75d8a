package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan.Operation;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The tree of a root while it is planned. A directory of the host is taken apart only where something in it differs. */
final class RootTree {
    private static final int MOST_LINKS = 40;

    sealed interface Node {}

    /** A directory of the root's own. */
    record Folder(int mode, Map<String, Node> children) implements Node {
        Folder(int mode) {
            this(mode, new TreeMap<>());
        }
    }

    /** A file or directory of the host, of the same path or another. */
    record Shown(String path, boolean directory) implements Node {}

    record Link(String target) implements Node {}

    /** A file of the root's own. */
    record Own(String content, int mode) implements Node {}

    /** A directory that something will be mounted on. */
    record Mounted() implements Node {}

    /** Where a path leads when every link on the way is followed. */
    sealed interface Location {
        record Nowhere() implements Location {}

        record InTree(Folder folder, String name, String path) implements Location {
            @Nullable
            Node child() {
                return folder.children().get(name);
            }

            void put(Node node) {
                folder.children().put(name, node);
            }
        }

        /** Below something that is mounted. */
        record InMount(String mount, String path) implements Location {}
    }

    private final HostTree host;
    private final MountTable table;
    private final List<String> hidden;
    private final Folder root = new Folder(0755);

    RootTree(HostTree host, MountTable table, List<String> hidden) {
        this.host = host;
        this.table = table;
        this.hidden = hidden;
    }

    Folder root() {
        return root;
    }

    /** What stands at a path of the host, as far as it is shown. */
    Optional<Node> asSeen(String path) {
        if (isHidden(path)) {
            return Optional.empty();
        }
        return host.look(path).flatMap(entry -> switch (entry.kind()) {
            case LINK -> Optional.of(new Link(entry.target()));
            case OTHER -> Optional.empty();
            case FILE -> entry.readable() ? Optional.of(new Shown(path, false)) : Optional.empty();
            case DIRECTORY -> {
                if (table.at(path).filter(mount -> !HostRoot.isShown(mount)).isPresent()) {
                    yield Optional.of(new Folder(0755));
                }
                yield entry.readable() ? Optional.of(new Shown(path, true)) : Optional.empty();
            }
        });
    }

    /** Takes the directory apart in which the pattern names something that exists. */
    void hide(String pattern) throws SandboxException {
        String parent = pattern.substring(0, Math.max(1, pattern.lastIndexOf('/')));
        boolean exists = host.children(parent).stream()
                .anyMatch(name -> matches(pattern, parent.equals("/") ? "/" + name : parent + "/" + name));
        if (exists && locate(pattern, false, false) instanceof Location.InTree place) {
            // Taken apart after the pattern was known, its children lack what is hidden. A shown path may be hidden
            // itself.
            place.folder().children().keySet().removeIf(name -> matches(pattern, join(parent, name)));
        }
    }

    /**
     * @param create whether directories that are missing on the way are made
     * @param followLast whether a link at the very end is followed
     */
    Location locate(String path, boolean create, boolean followLast) throws SandboxException {
        Deque<String> rest = new ArrayDeque<>(segments(path));
        List<String> at = new ArrayList<>();
        List<Folder> folders = new ArrayList<>(List.of(root));
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.removeFirst();
            if (name.equals("..")) {
                if (!at.isEmpty()) {
                    at.removeLast();
                    folders.removeLast();
                }
                continue;
            }
            Folder folder = folders.getLast();
            Node child = folder.children().get(name);
            if (child instanceof Link link && (followLast || !rest.isEmpty())) {
                if (++links > MOST_LINKS) {
                    throw RootfsPlanner.invalid(path, "leads through too many links of the node's filesystem");
                }
                if (link.target().startsWith("/")) {
                    at.clear();
                    folders.subList(1, folders.size()).clear();
                }
                segments(link.target()).reversed().forEach(rest::addFirst);
                continue;
            }
            String here = "/" + String.join("/", at);
            if (rest.isEmpty()) {
                return new Location.InTree(folder, name, join(here, name));
            }
            switch (child) {
                case null -> {
                    if (!create) {
                        return new Location.Nowhere();
                    }
                    folders.add(put(folder, name, new Folder(0755)));
                }
                case Folder next -> folders.add(next);
                case Shown shown when shown.directory() -> folders.add(put(folder, name, takeApart(shown)));
                case Mounted _ -> {
                    String mount = join(here, name);
                    return new Location.InMount(mount, mount + "/" + String.join("/", rest));
                }
                case Shown _, Own _, Link _ -> {
                    if (!create) {
                        return new Location.Nowhere();
                    }
                    throw RootfsPlanner.invalid(path, "leads through " + join(here, name) + ", which is a file");
                }
            }
            at.add(name);
        }
        throw RootfsPlanner.invalid(path, "leads to a directory that is above it");
    }

    private Folder takeApart(Shown shown) {
        Folder folder = new Folder(0755);
        for (String name : host.children(shown.path())) {
            asSeen(join(shown.path(), name)).ifPresent(node -> folder.children().put(name, node));
        }
        return folder;
    }

    List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        addOperations("/", root, operations);
        return operations;
    }

    private void addOperations(String path, Folder folder, List<Operation> operations) {
        folder.children().forEach((name, node) -> {
            String here = join(path, name);
            switch (node) {
                case Folder child -> {
                    operations.add(new Operation.Directory(here, child.mode()));
                    addOperations(here, child, operations);
                }
                case Mounted _ -> operations.add(new Operation.Directory(here, 0755));
                case Link link -> operations.add(new Operation.Link(here, link.target()));
                case Own own -> operations.add(new Operation.File(here, own.content(), own.mode()));
                case Shown shown -> {
                    operations.add(new Operation.Show(here, shown.path(), shown.directory()));
                    if (shown.directory() && shown.path().equals(here)) {
                        addMounts(here, operations);
                    }
                }
            }
        });
    }

    private void addMounts(String path, List<Operation> operations) {
        table.below(path).stream()
                .filter(HostRoot::isShown)
                .filter(mount -> !isHidden(mount.path()))
                .map(mount -> new Operation.ShowMount(mount.path()))
                .forEach(operations::add);
    }

    private boolean isHidden(String path) {
        return hidden.stream().anyMatch(pattern -> matches(pattern, path));
    }

    private static boolean matches(String pattern, String path) {
        if (pattern.endsWith("*")) {
            String prefix = pattern.substring(0, pattern.length() - 1);
            return path.startsWith(prefix) && path.indexOf('/', prefix.length()) < 0;
        }
        return path.equals(pattern);
    }

    private static Folder put(Folder parent, String name, Folder child) {
        parent.children().put(name, child);
        return child;
    }

    private static List<String> segments(String path) {
        List<String> segments = new ArrayList<>();
        for (String segment : path.split("/", -1)) {
            if (!segment.isEmpty() && !segment.equals(".")) {
                segments.add(segment);
            }
        }
        return segments;
    }

    private static String join(String directory, String name) {
        return directory.equals("/") ? "/" + name : directory + "/" + name;
    }
}
