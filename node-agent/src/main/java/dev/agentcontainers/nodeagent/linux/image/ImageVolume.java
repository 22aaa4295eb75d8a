package dev.agentcontainers.nodeagent.linux.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * Mounts the files of an image at a path of one agent: its layers with the agent's ids, and nothing that could be written to.
 * Works in the calling thread's mount namespace, which must be its own, as must the thread's working directory. Needs Linux
 * 5.19, which can have id-mapped layers in an overlay.
 */
public final class ImageVolume {
    /** An overlay without a place for changes has to have two directories, whatever is in them. */
    private static final List<String> NOTHING = List.of("nothing", "none");

    private final OverlayCalls calls;

    public ImageVolume(OverlayCalls calls) {
        this.calls = calls;
    }

    /**
     * Mounts it. Through an overlay also where there is one layer only: what a layer says to be removed is not seen.
     *
     * @param layers directories of unpacked layers, the lowest first
     * @param folder an existing, empty directory that nobody but root can change, for the layers one by one
     * @param target an existing directory
     */
    public void mount(List<Path> layers, IdMapping mapping, Path folder, String target) throws IOException {
        List<Path> lowers = MountedLayers.distinct(layers);
        List<String> names = new ArrayList<>();
        for (String nothing : lowers.isEmpty() ? NOTHING : NOTHING.subList(0, 1)) {
            Files.setPosixFilePermissions(
                    Files.createDirectory(folder.resolve(nothing)), PosixFilePermissions.fromString("rwxr-xr-x"));
            names.add(nothing);
        }
        MountedLayers mounted = new MountedLayers(calls, folder, mapping);
        names.addAll(mounted.mount(lowers));
        mounted.overlay(names, "", target);
    }
}
