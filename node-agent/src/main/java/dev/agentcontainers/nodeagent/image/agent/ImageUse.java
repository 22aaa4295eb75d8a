package dev.agentcontainers.nodeagent.image.agent;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.Optional;

/**
 * What an agent has an image for.
 *
 * @param mount path of the mount that shows it; empty for the image that the agent runs from
 */
public record ImageUse(SandboxId agent, Optional<String> mount) {
    /** To run from it. */
    public static ImageUse root(SandboxId agent) {
        return new ImageUse(agent, Optional.empty());
    }

    /** To see it at a path. */
    public static ImageUse mount(SandboxId agent, String path) {
        return new ImageUse(agent, Optional.of(path));
    }
}
