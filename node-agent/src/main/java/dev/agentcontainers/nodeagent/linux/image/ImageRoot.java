package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Mounts an image as the root of one agent: its layers, read-only and with the agent's ids, and above them what the agent
 * changes. Works in the calling thread's mount namespace, which must be its own, as must the thread's working directory.
 * Needs Linux 5.19, which can have id-mapped layers in an overlay.
 */
public final class ImageRoot {
    private static final long LAYER =
            OverlayCalls.READ_ONLY | OverlayCalls.NO_SET_USER_ID | OverlayCalls.NO_DEVICES | OverlayCalls.ID_MAPPED;

    /** Whatever the kernel was built with: a layer's files are found by their names, and changed files are whole. */
    private static final String FIXED = ",redirect_dir=off,metacopy=off,index=off";

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
        List<Path> lowers = distinct(layers);
        if (lowers.isEmpty()) {
            lowers = List.of(Files.createDirectory(places.changes().resolve("nothing")));
        }
        List<String> names = new ArrayList<>();
        for (Path lower : lowers) {
            String name = Integer.toString(names.size());
            mountLayer(lower, mapping, Files.createDirectory(places.layers().resolve(name)));
            names.add(name);
        }
        Path upper = Files.createDirectory(places.changes().resolve("upper"));
        Path work = Files.createDirectory(places.changes().resolve("work"));
        takeOver(lowers.getLast(), upper, ids);
        // By names in that directory: the options of a mount have to fit into a page.
        check("enter " + places.layers(), calls.changeDirectory(places.layers().toString()));
        String options = "lowerdir=" + String.join(":", names.reversed()) + ",upperdir=" + plain(upper) + ",workdir="
                + plain(work) + FIXED;
        int answer = calls.mountOverlay(places.root().toString(), options);
        check("leave " + places.layers(), calls.changeDirectory("/"));
        check("mount an overlay at " + places.root(), answer);
    }

    /** An overlay takes no directory twice; of two equal layers the upper one hides all of the lower one. */
    private static List<Path> distinct(List<Path> layers) {
        Collection<Path> seen = new LinkedHashSet<>(layers.reversed());
        return new ArrayList<>(seen).reversed();
    }

    private void mountLayer(Path layer, IdMapping mapping, Path target) throws IOException {
        int mount = check("open the layer " + layer, calls.cloneMount(layer.toString()));
        try {
            check("map the ids of the layer " + layer, calls.restrict(mount, LAYER, mapping.descriptor()));
            check("mount the layer " + layer, calls.place(mount, target.toString()));
        } finally {
            calls.close(mount);
        }
    }

    /** The root itself has what the uppermost layer says of it. */
    private static void takeOver(Path from, Path upper, IdRange ids) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(from, "unix:mode,uid,gid", LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(upper, "unix:uid", (int) (ids.first() + number(attributes, "uid")));
        Files.setAttribute(upper, "unix:gid", (int) (ids.first() + number(attributes, "gid")));
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

    private static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
