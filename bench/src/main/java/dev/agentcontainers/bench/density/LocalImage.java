package dev.agentcontainers.bench.density;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageConfiguration;
import dev.agentcontainers.nodeagent.image.ImagePlatform;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.agent.AgentImage;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One image that every agent has already: pulling is not what is measured. Thread-safe. */
record LocalImage(AgentImage image) implements AgentImages {
    private static final Digest DIGEST = Digest.parse("sha256:" + "0".repeat(64));

    static LocalImage of(Path layer) {
        return new LocalImage(new AgentImage(
                DIGEST,
                new ImageConfiguration(
                        ImagePlatform.ofThisMachine(), List.of(DIGEST), List.of(), List.of(), List.of(), "", ""),
                List.of(layer)));
    }

    @Override
    public Optional<AgentImage> of(ImageUse use) {
        return Optional.of(image);
    }

    @Override
    public void requireSigned(ImageUse use) {}

    @Override
    public AgentImage get(
            ImageUse use,
            ImageReference reference,
            PullPolicy policy,
            RegistryCredentials credentials,
            PullObserver observer) {
        return image;
    }

    @Override
    public void release(SandboxId agent) {}

    @Override
    public Set<SandboxId> holders() {
        return Set.of();
    }
}
