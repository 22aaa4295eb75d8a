package dev.agentcontainers.nodeagent.image.agent;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/** The images of a node's agents, of each as many as it has uses for. What an agent has is on the disk, so it is known after a restart too. Thread-safe. */
public interface AgentImages {
    /**
     * What the agent has for that use, whatever its reference means by now.
     *
     * @throws ImageException of kind NOT_FOUND where the agent has one of which something is missing: {@link #get} has it whole
     *     again
     */
    Optional<AgentImage> of(ImageUse use) throws IOException, InterruptedException;

    /**
     * Has it verified that the agent may be started from what it has, by what the node asks of signatures now and by what is
     * stored of them. No registry is asked. No effect where the agent has none.
     *
     * @throws ImageException of kind UNSIGNED where it may not: {@link #get} looks for signatures elsewhere. Of kind NOT_FOUND
     *     where something of the image is missing
     */
    void requireSigned(ImageUse use) throws IOException, InterruptedException;

    /**
     * Gets an image and notes that the agent has it. Where the agent has one already, it is the same content that is got,
     * whatever {@code reference} means by now; the registry is asked for it only where something is missing.
     *
     * @throws ImageException where it can't be had; of kind UNSIGNED where it is not signed as the node asks
     * @throws InterruptedException where the thread was interrupted; what has arrived is kept for the next time
     */
    AgentImage get(
            ImageUse use,
            ImageReference reference,
            PullPolicy policy,
            RegistryCredentials credentials,
            PullObserver observer)
            throws IOException, InterruptedException;

    /** The agent has no image any more, for whatever use. No effect where it had none. */
    void release(SandboxId agent) throws IOException;

    /** Agents that have an image. */
    Set<SandboxId> holders() throws IOException;

    /** Of a node on which nothing runs from an image. */
    AgentImages NONE = new AgentImages() {
        @Override
        public Optional<AgentImage> of(ImageUse use) {
            return Optional.empty();
        }

        @Override
        public void requireSigned(ImageUse use) {}

        @Override
        public AgentImage get(
                ImageUse use,
                ImageReference reference,
                PullPolicy policy,
                RegistryCredentials credentials,
                PullObserver observer)
                throws ImageException {
            throw new ImageException(Kind.NOT_FOUND, "this node keeps no images");
        }

        @Override
        public void release(SandboxId agent) {}

        @Override
        public Set<SandboxId> holders() {
            return Set.of();
        }
    };
}
