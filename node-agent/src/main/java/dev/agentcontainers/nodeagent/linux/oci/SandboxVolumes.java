package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.image.IdMapping;
import dev.agentcontainers.nodeagent.linux.image.ImageVolume;
import dev.agentcontainers.nodeagent.linux.image.OverlayCalls;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Images that one sandbox has mounts of, with its ids. For one thread, in the sandbox's mount namespace. */
final class SandboxVolumes implements RootfsBuilder.ImageVolumes {
    private final OverlayCalls calls;
    private final IdMapping mapping;
    private final Path folder;
    private int count;

    /** @param folder made for the layers, where no agent sees it */
    SandboxVolumes(OverlayCalls calls, IdMapping mapping, Path folder) {
        this.calls = calls;
        this.mapping = mapping;
        this.folder = folder;
    }

    @Override
    public void mount(List<Path> layers, String target) throws IOException {
        Path own = Files.createDirectories(folder.resolve(Integer.toString(count++)));
        new ImageVolume(calls).mount(layers, mapping, own, target);
    }
}
