package dev.agentcontainers.nodeagent.sandbox;

import java.nio.file.Path;
import java.util.List;

/** What an agent sees where its mounts don't stand. */
public sealed interface SandboxRoot {
    /** What the node shows of its own root, read-only. */
    record Host() implements SandboxRoot {}

    /**
     * An image, which the agent may change for itself until its run ends.
     *
     * @param layers directories of its unpacked layers, the lowest first
     * @param user whom its program is run as: NAME or ID, and after a colon the same of a group; empty for root
     */
    record Image(List<Path> layers, String user) implements SandboxRoot {
        public Image {
            layers = List.copyOf(layers);
        }
    }

    SandboxRoot HOST = new Host();
}
