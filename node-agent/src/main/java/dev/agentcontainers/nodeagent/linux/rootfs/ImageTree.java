package dev.agentcontainers.nodeagent.linux.rootfs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The mounted root of an image in which no process has run yet: gives an agent its own files in it, and makes the places
 * where its mounts are to stand. Links of the image lead inside of the image only, as for its own programs. Nothing of
 * what an agent has made lies on the way: that is in workspaces, and those are not mounted yet.
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

    /** Where a path of the agent's leads to. */
    private sealed interface Location {
        /** A physical path of the image; there may be nothing at it. */
        record InImage(String path) implements Location {}

        /** In a mount, at a path that begins with the mount's. */
        record InMount(String path, String mount) implements Location {}
    }

    /**
     * @param own what the agent has in place of the image's
     * @return the mounts that are to be made; their places are there
     * @throws SandboxException of kind INVALID_SPEC where a mount can't be had, naming its path
     */
    public RootfsPlan prepare(List<ResolvedMount> mounts, Replacements own, String workingDirectory)
            throws IOException, SandboxException {
        for (Map.Entry<String, String> file : own.files().entrySet()) {
            write(file.getKey(), file.getValue());
        }
        for (Map.Entry<String, String> folder : own.folders().entrySet()) {
            String place = inImage(folder.getKey());
            makeDirectories(place, folder.getKey());
            planned.add(new RootMount.Shown(place, Optional.empty(), folder.getValue()));
        }
        List<String> masked = new ArrayList<>();
        for (ResolvedMount mount : RootfsPlanner.outerFirst(mounts)) {
            if (RootfsPlanner.isKernels(mount.path())) {
                masked.add(RootfsPlanner.maskOf(mount));
            } else {
                place(mount);
            }
        }
        if (locate(workingDirectory, workingDirectory) instanceof Location.InImage place
                && !RootfsPlanner.isKernels(place.path())) {
            makeDirectories(place.path(), workingDirectory);
        }
        return new RootfsPlan(List.of(), planned, masked);
    }

    private void write(String path, String content) throws IOException, SandboxException {
        int slash = path.lastIndexOf('/');
        String folder = inImage(path.substring(0, slash));
        makeDirectories(folder, path);
        Path file = at(folder + path.substring(slash));
        // Whatever the image has there, a link included, is not followed.
        DeepDeletion.delete(file);
        Files.writeString(Files.createFile(file), content, UTF_8);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        own(file);
    }

    private void place(ResolvedMount mount) throws IOException, SandboxException {
        switch (locate(mount.path(), mount.path())) {
            case Location.InMount place ->
                planned.add(RootfsPlanner.mounted(mount, place.path(), Optional.of(place.mount())));
            case Location.InImage(String path) -> {
                if (RootfsPlanner.isKernels(path) || path.isEmpty()) {
                    throw RootfsPlanner.invalid(
                            mount.path(),
                            path.isEmpty()
                                    ? "leads to the image's root itself"
                                    : "leads to " + path + ", which belongs to the kernel");
                }
                if (mount instanceof ResolvedMount.Denied) {
                    deny(mount, path);
                } else {
                    makeDirectories(path, mount.path());
                    planned.add(RootfsPlanner.mounted(mount, path, Optional.empty()));
                }
            }
        }
    }

    /** A file's content goes from the agent's view for good; what the agent makes there by itself is its own. */
    private void deny(ResolvedMount mount, String path) throws IOException {
        Path existing = at(path);
        if (Files.isDirectory(existing, LinkOption.NOFOLLOW_LINKS)) {
            planned.add(RootfsPlanner.mounted(mount, path, Optional.empty()));
        } else if (Files.exists(existing, LinkOption.NOFOLLOW_LINKS)) {
            Files.delete(existing);
            Files.createFile(
                    existing, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
        }
    }

    private String inImage(String path) throws IOException, SandboxException {
        return switch (locate(path, path)) {
            case Location.InImage(String place) -> place;
            case Location.InMount place ->
                throw RootfsPlanner.invalid(path, "leads into the mount " + place.mount() + " of the node's own");
        };
    }

    /** @param asked the path of the manifest's, for messages */
    private Location locate(String path, String asked) throws IOException, SandboxException {
        Deque<String> rest = new ArrayDeque<>(segments(path));
        String place = "";
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.removeFirst();
            if (name.equals("..")) {
                place = place.isEmpty() ? "" : place.substring(0, place.lastIndexOf('/'));
                continue;
            }
            String next = place + "/" + name;
            Optional<RootMount> mount =
                    planned.stream().filter(known -> known.path().equals(next)).findFirst();
            if (mount.isPresent()) {
                return within(next, rest, asked);
            }
            Path file = at(next);
            if (Files.isSymbolicLink(file)) {
                if (++links > MOST_LINKS) {
                    throw RootfsPlanner.invalid(asked, "leads over more than " + MOST_LINKS + " links of the image");
                }
                String target = Files.readSymbolicLink(file).toString();
                segments(target).reversed().forEach(rest::addFirst);
                place = target.startsWith("/") ? "" : place;
            } else {
                place = next;
            }
        }
        return new Location.InImage(place);
    }

    private static Location within(String mount, Deque<String> rest, String asked) throws SandboxException {
        if (rest.contains("..")) {
            throw RootfsPlanner.invalid(asked, "leads by a link of the image through the mount " + mount);
        }
        if (rest.isEmpty() && !mount.equals(asked)) {
            throw RootfsPlanner.invalid(asked, "leads by a link of the image to the mount " + mount);
        }
        return new Location.InMount(rest.isEmpty() ? mount : mount + "/" + String.join("/", rest), mount);
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
            Path directory = at(place);
            if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectory(directory);
                Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
                own(directory);
            } else if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw RootfsPlanner.invalid(asked, "needs the directory " + place + ", which is a file in the image");
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
