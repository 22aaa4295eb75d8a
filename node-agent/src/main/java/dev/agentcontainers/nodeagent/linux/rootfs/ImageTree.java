package dev.agentcontainers.nodeagent.linux.rootfs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The mounted root of an image in which no process has run yet: gives an agent its own files in it, and makes the places
 * where its mounts are to stand. All paths are followed in the image as it is, before anything is mounted: its links lead
 * inside of it only, as for its own programs, and what an agent has made (that is in workspaces) is not on the way. Mounts
 * are nested by where they really stand.
 */
public final class ImageTree {
    /** As many as the kernel follows. */
    private static final int MOST_LINKS = 40;

    private final Path root;
    private final long owner;
    private final List<RootMount> planned = new ArrayList<>();

    /**
     * @param root where the image is mounted
     * @param owner the host's user and group id that owns what is made, the agent's root
     */
    public ImageTree(Path root, long owner) {
        this.root = root;
        this.owner = owner;
    }

    /** A mount and the physical path of the image at which it stands; there may be nothing yet. */
    private record Placed(ResolvedMount mount, String path) {
        boolean isAt(String place) {
            return path.equals(place);
        }

        boolean isBelow(String place) {
            return path.startsWith(place + "/");
        }

        boolean covers(String place) {
            return isAt(place) || place.startsWith(path + "/");
        }
    }

    /** What stands somewhere in the image. */
    private enum Kind {
        ABSENT,
        DIRECTORY,
        LINK,
        /** A file; an image has nothing else. */
        FILE
    }

    /**
     * @param own what the agent has in place of the image's; no mount may stand in its folders
     * @return the mounts that are to be made; their places are there
     * @throws SandboxException of kind INVALID_SPEC where a mount can't be had, naming its path
     */
    public RootfsPlan prepare(List<ResolvedMount> mounts, Replacements own, String workingDirectory)
            throws IOException, SandboxException {
        List<String> masked = new ArrayList<>();
        List<Placed> placed = new ArrayList<>();
        for (ResolvedMount mount : RootfsPlanner.outerFirst(mounts)) {
            if (RootfsPlanner.isKernels(mount.path())) {
                masked.add(RootfsPlanner.maskOf(mount));
            } else {
                place(mount, placed);
            }
        }
        String working = resolve(workingDirectory);
        if (RootfsPlanner.isKernels(working)) {
            throw RootfsPlanner.invalid(
                    workingDirectory,
                    "is the working directory and leads to " + working + ", which belongs to the kernel");
        }
        for (Map.Entry<String, String> file : own.files().entrySet()) {
            write(file.getKey(), file.getValue());
        }
        for (Map.Entry<String, String> folder : own.folders().entrySet()) {
            show(folder.getKey(), folder.getValue(), placed);
        }
        placed.sort(
                Comparator.comparingInt((Placed each) -> segments(each.path()).size())
                        .thenComparing(Placed::path));
        for (Placed each : placed) {
            plan(each, placed);
        }
        if (placed.stream().noneMatch(each -> each.covers(working))) {
            makeDirectories(working, workingDirectory);
        }
        RootfsPlanner.requireNothingInHostFolders(planned);
        return new RootfsPlan(List.of(), planned, masked);
    }

    /**
     * Makes directories of the root itself that a kernel will mount its filesystems at, where there are none. No mount stands at these.
     *
     * @throws SandboxException of kind INVALID_SPEC where something else is there
     */
    public void makePlaces(List<String> paths) throws IOException, SandboxException {
        for (String path : paths) {
            makeDirectories(path, path);
        }
    }

    private void place(ResolvedMount mount, List<Placed> placed) throws IOException, SandboxException {
        String path = resolve(mount.path());
        requirePlace(mount.path(), path);
        Optional<Placed> same = placed.stream().filter(each -> each.isAt(path)).findFirst();
        if (same.isPresent()) {
            throw RootfsPlanner.invalid(
                    mount.path(),
                    "leads by links of the image to " + path + ", where '"
                            + same.get().mount().path() + "' stands already");
        }
        placed.add(new Placed(mount, path));
    }

    private static void requirePlace(String asked, String path) throws SandboxException {
        if (path.isEmpty()) {
            throw RootfsPlanner.invalid(asked, "leads to the image's root itself");
        }
        if (RootfsPlanner.isKernels(path)) {
            throw RootfsPlanner.invalid(asked, "leads to " + path + ", which belongs to the kernel");
        }
    }

    private void write(String path, String content) throws IOException, SandboxException {
        int slash = path.lastIndexOf('/');
        String folder = resolve(path.substring(0, slash));
        if (RootfsPlanner.isKernels(folder)) {
            throw RootfsPlanner.invalid(path, "leads to " + folder + ", which belongs to the kernel");
        }
        makeDirectories(folder, path);
        String place = folder + path.substring(slash);
        Path file = at(place);
        if (kindOf(place) == Kind.DIRECTORY) {
            throw RootfsPlanner.invalid(path, "is the agent's own file, but a directory in the image");
        }
        // A link that the image has there is not followed.
        Files.deleteIfExists(file);
        Files.writeString(Files.createFile(file), content, UTF_8);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        own(file);
    }

    /** The host's folder is the node's own: no mount's place is made in it. */
    private void show(String path, String source, List<Placed> placed) throws IOException, SandboxException {
        String place = resolve(path);
        requirePlace(path, place);
        for (Placed each : placed) {
            if (each.isAt(place) || each.isBelow(place)) {
                throw RootfsPlanner.invalid(
                        each.mount().path(), "leads into " + place + ", where the node shows its agents whom to trust");
            }
        }
        if (placed.stream().noneMatch(each -> each.covers(place))) {
            makeDirectories(place, path);
            planned.add(new RootMount.Shown(place, Optional.empty(), source));
        }
    }

    private void plan(Placed each, List<Placed> all) throws IOException, SandboxException {
        Optional<String> outer = all.stream()
                .map(Placed::path)
                .filter(each::isBelow)
                // Nothing is mounted where a file is denied, or nothing.
                .filter(path -> planned.stream().anyMatch(mount -> mount.path().equals(path)))
                .max(Comparator.comparingInt(String::length));
        if (outer.isPresent()) {
            planned.add(RootfsPlanner.mounted(each.mount(), each.path(), outer));
        } else if (each.mount() instanceof ResolvedMount.Denied) {
            deny(each);
        } else {
            makeDirectories(each.path(), each.mount().path());
            planned.add(RootfsPlanner.mounted(each.mount(), each.path(), Optional.empty()));
        }
    }

    /** A file's content goes from the agent's view for good; what the agent makes there by itself is its own. */
    private void deny(Placed denied) throws IOException {
        switch (kindOf(denied.path())) {
            case ABSENT -> {}
            case DIRECTORY -> planned.add(RootfsPlanner.mounted(denied.mount(), denied.path(), Optional.empty()));
            case LINK, FILE -> {
                Files.delete(at(denied.path()));
                Files.createFile(
                        at(denied.path()),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
            }
        }
    }

    /** The physical path that a path of the agent's stands for; empty for the root itself. */
    private String resolve(String asked) throws IOException, SandboxException {
        Deque<String> rest = new ArrayDeque<>(segments(asked));
        String place = "";
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.removeFirst();
            if (name.equals("..")) {
                place = place.isEmpty() ? "" : place.substring(0, place.lastIndexOf('/'));
                continue;
            }
            String next = place + "/" + name;
            switch (kindOf(next)) {
                case LINK -> {
                    if (++links > MOST_LINKS) {
                        throw RootfsPlanner.invalid(
                                asked, "leads over more than " + MOST_LINKS + " links of the image");
                    }
                    String target = targetOf(next, asked);
                    segments(target).reversed().forEach(rest::addFirst);
                    place = target.startsWith("/") ? "" : place;
                }
                case FILE -> {
                    if (!rest.isEmpty()) {
                        throw RootfsPlanner.invalid(
                                asked, "needs the directory " + next + ", which is a file in the image");
                    }
                    place = next;
                }
                case ABSENT, DIRECTORY -> place = next;
            }
        }
        return place;
    }

    private String targetOf(String link, String asked) throws IOException, SandboxException {
        Path target = Files.readSymbolicLink(at(link));
        String text = target.toString();
        if (!Path.of(text).equals(target) || text.indexOf('\uFFFD') >= 0) {
            throw RootfsPlanner.invalid(asked, "leads over the link " + link + ", whose target is not a name in UTF-8");
        }
        return text;
    }

    /** Only what is certainly not there is absent. */
    private Kind kindOf(String path) throws IOException {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(at(path), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return attributes.isDirectory() ? Kind.DIRECTORY : attributes.isSymbolicLink() ? Kind.LINK : Kind.FILE;
        } catch (NoSuchFileException e) {
            return Kind.ABSENT;
        }
    }

    private static List<String> segments(String path) {
        return List.of(path.split("/")).stream()
                .filter(name -> !name.isEmpty() && !name.equals("."))
                .toList();
    }

    private void makeDirectories(String path, String asked) throws IOException, SandboxException {
        String place = "";
        for (String name : segments(path)) {
            place += "/" + name;
            switch (kindOf(place)) {
                case DIRECTORY -> {}
                case ABSENT -> {
                    Path directory = Files.createDirectory(at(place));
                    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
                    own(directory);
                }
                case LINK, FILE ->
                    throw RootfsPlanner.invalid(
                            asked, "needs the directory " + place + ", which is a file in the image");
            }
        }
    }

    private void own(Path file) throws IOException {
        Files.setAttribute(file, "unix:gid", (int) owner, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(file, "unix:uid", (int) owner, LinkOption.NOFOLLOW_LINKS);
    }

    private Path at(String path) {
        return Path.of(root + path);
    }
}
