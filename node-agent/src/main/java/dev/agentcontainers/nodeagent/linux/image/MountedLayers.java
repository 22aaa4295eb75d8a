package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * An image's layers in one folder, mounted there read-only and with the agent's ids, of which an overlay is made. Works in the
 * calling thread's mount namespace, which must be its own, as must the thread's working directory.
 *
 * @param mapping by which they have the agent's ids
 */
record MountedLayers(OverlayCalls calls, Path folder, IdMapping mapping) {
    private static final long LAYER = OverlayCalls.READ_ONLY | OverlayCalls.NO_SET_USER_ID | OverlayCalls.NO_DEVICES;

    /** Whatever the kernel was built with: a layer's files are found by their names, and changed files are whole. */
    private static final String FIXED = ",redirect_dir=off,metacopy=off,index=off";

    /** The same for who is not the machine's root, which alone may note at files what an overlay usually does. */
    private static final String FIXED_FOR_USERS = ",userxattr,redirect_dir=nofollow,metacopy=off,index=off";

    /** An overlay takes no directory twice; of two equal layers the upper one hides all of the lower one. */
    static List<Path> distinct(List<Path> layers) {
        Collection<Path> seen = new LinkedHashSet<>(layers.reversed());
        return new ArrayList<>(seen).reversed();
    }

    /**
     * Mounts each.
     *
     * @param layers directories of unpacked layers, the lowest first, each once
     * @return what they are called in the folder, the lowest first
     */
    List<String> mount(List<Path> layers) throws IOException {
        List<String> names = new ArrayList<>();
        for (Path layer : layers) {
            String name = Integer.toString(names.size());
            mountLayer(layer, Files.createDirectory(folder.resolve(name)));
            names.add(name);
        }
        return names;
    }

    private void mountLayer(Path layer, Path target) throws IOException {
        int mount = check("open the layer " + layer, calls.cloneMount(layer.toString()));
        try {
            long attributes = mapping.isNone() ? LAYER : LAYER | OverlayCalls.ID_MAPPED;
            check("restrict the layer " + layer, calls.restrict(mount, attributes, mapping.descriptor()));
            check("mount the layer " + layer, calls.place(mount, target.toString()));
        } finally {
            calls.close(mount);
        }
    }

    /**
     * Mounts an overlay of directories of the folder.
     *
     * @param names the lowest first
     * @param more further options, each behind a comma
     */
    void overlay(List<String> names, String more, String target) throws IOException {
        // By names in that directory: the options of a mount have to fit into a page.
        check("enter " + folder, calls.changeDirectory(folder.toString()));
        String options =
                "lowerdir=" + String.join(":", names.reversed()) + more + (mapping.isNone() ? FIXED_FOR_USERS : FIXED);
        int answer = calls.mountOverlay(target, options);
        check("leave " + folder, calls.changeDirectory("/"));
        check("mount an overlay at " + target, answer);
    }

    private static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }
}
