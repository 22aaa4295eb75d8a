package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.image.agent.AgentImage;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The images of one agent: that which it runs from, and those that it has mounts of. Used by one thread. */
final class HeldImages implements AutoCloseable {
    private final SandboxId id;
    private final AgentImages images;
    private final MaterialSource materials;
    private final Runnable onChange;
    private final Map<ImageUse, HeldImage> uses = new LinkedHashMap<>();

    /** @param onChange called by other threads when a pull has got on or has ended */
    HeldImages(SandboxId id, AgentImages images, MaterialSource materials, Runnable onChange) {
        this.id = id;
        this.images = images;
        this.materials = materials;
        this.onChange = onChange;
    }

    /**
     * Images that an agent has.
     *
     * @param root that it runs from; empty where it runs the node's own programs
     * @param mounts by the mounts' paths
     */
    record Had(Optional<AgentImage> root, Map<String, AgentImage> mounts) {
        Had {
            mounts = Map.copyOf(mounts);
        }

        /** That of a mount. */
        Optional<AgentImage> mounted(String path) {
            return Optional.ofNullable(mounts.get(path));
        }
    }

    /**
     * All images that the agent is to have; empty while one is being pulled, which this begins where it was not begun. One is
     * pulled after the other: an agent has no more of the node's line than one with a single image.
     *
     * @throws SandboxException where one could not be had; the next call tries again
     */
    Optional<Had> get(Assignment assignment) throws SandboxException {
        Optional<AgentImage> root = Optional.empty();
        if (assignment.image().isPresent()) {
            root = root().get(wanted(assignment.image().get()));
            if (root.isEmpty()) {
                return Optional.empty();
            }
        }
        Map<String, AgentImage> mounts = new LinkedHashMap<>();
        for (Mount.ImageFiles mount : assignment.mountedImages()) {
            Optional<AgentImage> image = mount(mount).get(wanted(mount));
            if (image.isEmpty()) {
                return Optional.empty();
            }
            mounts.put(mount.path(), image.get());
        }
        return Optional.of(new Had(root, mounts));
    }

    /** What the agent has by now, of an earlier process too. */
    Had held(Assignment assignment) throws SandboxException {
        Map<String, AgentImage> mounts = new LinkedHashMap<>();
        for (Mount.ImageFiles mount : assignment.mountedImages()) {
            mount(mount).held().ifPresent(image -> mounts.put(mount.path(), image));
        }
        return new Had(assignment.image().isPresent() ? root().held() : Optional.empty(), mounts);
    }

    /** The digest of that which it runs from, where it can be known. */
    Optional<String> digest(Assignment assignment) {
        return assignment.image().isPresent() ? root().digest() : Optional.empty();
    }

    /** Digests of those that are mounted, by the mounts' paths, as far as they can be known. */
    Map<String, String> mountedDigests(Assignment assignment) {
        Map<String, String> digests = new TreeMap<>();
        for (Mount.ImageFiles mount : assignment.mountedImages()) {
            mount(mount).digest().ifPresent(digest -> digests.put(mount.path(), digest));
        }
        return digests;
    }

    /** How far a pull is, for people. */
    String progress() {
        return all().stream()
                .map(HeldImage::progress)
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse("");
    }

    /**
     * Ends a pull that is under way. What has arrived stays for the next one.
     *
     * @throws SandboxException of kind TRANSIENT where it has not ended yet
     */
    void stopPull() throws SandboxException, InterruptedException {
        for (HeldImage image : all()) {
            image.stopPull();
        }
    }

    /** The agent does not need them any more. To be called when nothing of the agent is left, and no pull. */
    void release() throws SandboxException {
        try {
            images.release(id);
        } catch (IOException e) {
            throw new SandboxException(Step.PULL, Kind.TRANSIENT, String.valueOf(e.getMessage()), e);
        }
        all().forEach(HeldImage::forget);
    }

    /** Lets go of a pull; the agent keeps what it has. */
    @Override
    public void close() {
        all().forEach(HeldImage::close);
    }

    private Collection<HeldImage> all() {
        return uses.values();
    }

    private HeldImage root() {
        return of(ImageUse.root(id));
    }

    private HeldImage mount(Mount.ImageFiles mount) {
        return of(ImageUse.mount(id, mount.path()));
    }

    private HeldImage of(ImageUse use) {
        return uses.computeIfAbsent(use, _ -> new HeldImage(use, images, materials, onChange));
    }

    private static HeldImage.Wanted wanted(Assignment.Image image) {
        return new HeldImage.Wanted(image.reference(), image.pullPolicy(), image.pullSecrets());
    }

    private static HeldImage.Wanted wanted(Mount.ImageFiles mount) {
        return new HeldImage.Wanted(mount.reference(), mount.pullPolicy(), mount.pullSecrets());
    }
}
