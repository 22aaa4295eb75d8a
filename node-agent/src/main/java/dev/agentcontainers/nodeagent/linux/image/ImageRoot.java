package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Mounts an image as the root of one agent: its layers, read-only and with the agent's ids, and above them what the agent
 * changes. Works in the calling thread's mount namespace, which must be its own, as must the thread's working directory.
 * Needs Linux 5.19, which can have id-mapped layers in an overlay.
 */
public final class ImageRoot {
    private static final int MODE = 07777;

    private final OverlayCalls calls;

    public ImageRoot(OverlayCalls calls) {
        this.calls = calls;
    }

    /**
     * Existing, empty directories that nobody but root can change.
     *
     * @param layers where layers are mounted one by one
     * @param changes on the filesystem that takes what the agent writes, which that filesystem limits
     * @param root where the image is seen
     */
    public record Places(Path layers, Path changes, Path root) {}

    /** @param layers directories of unpacked layers, the lowest first */
    public void mount(List<Path> layers, IdMapping mapping, IdRange ids, Places places) throws IOException {
        List<Path> lowers = MountedLayers.distinct(layers);
        if (lowers.isEmpty()) {
            lowers = List.of(nothing(places.changes(), mapping.isNone() ? ids.first() : 0));
        }
        MountedLayers mounted = new MountedLayers(calls, places.layers(), mapping);
        List<String> names = mounted.mount(lowers);
        Path upper = Files.createDirectory(places.changes().resolve("upper"));
        Path work = Files.createDirectory(places.changes().resolve("work"));
        takeOver(lowers.getLast(), upper, mapping.isNone() ? 0 : ids.first());
        mounted.overlay(
                names,
                ",upperdir=" + plain(upper) + ",workdir=" + plain(work),
                places.root().toString());
    }

    private static Path nothing(Path folder, long owner) throws IOException {
        Path nothing = Files.createDirectory(folder.resolve("nothing"));
        Files.setAttribute(nothing, "unix:uid", (int) owner);
        Files.setAttribute(nothing, "unix:gid", (int) owner);
        return nothing;
    }

    /** The root itself has what the uppermost layer says of it. */
    private static void takeOver(Path from, Path upper, long firstId) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(from, "unix:mode,uid,gid", LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(upper, "unix:uid", (int) (firstId + number(attributes, "uid")));
        Files.setAttribute(upper, "unix:gid", (int) (firstId + number(attributes, "gid")));
        Files.setAttribute(upper, "unix:mode", number(attributes, "mode") & MODE);
    }

    private static int number(Map<String, Object> attributes, String name) throws IOException {
        if (attributes.get(name) instanceof Integer number) {
            return number;
        }
        throw new IOException("a layer's directory has no " + name);
    }

    /** An overlay's options are separated by what may stand in a path. */
    private static String plain(Path path) throws IOException {
        String text = path.toString();
        if (text.matches(".*[,:\\\\].*")) {
            throw new IOException("the directory " + text + " can't be used for agents from images: ',', ':' or '\\' is"
                    + " in its name");
        }
        return text;
    }
}
