package dev.agentcontainers.nodeagent.image.agent;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageConfiguration;
import dev.agentcontainers.nodeagent.image.ImagePlatform;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.signature.SignatureAdmission;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.image.store.StoredImage;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Images from registries, in a store that several node agents of a machine may share. Thread-safe. */
public final class NodeImages implements AgentImages, Closeable {
    /** In no node's name and in no agent's id. */
    private static final String SEPARATOR = "_";

    private final ImageStore store;
    private final RegistryClient registries;
    private final ImagePlatform platform;
    private final ImageSettings settings;
    private final String node;

    /**
     * @param store closed with this
     * @param registries closed with this
     * @param platform what this machine's programs are for
     * @param settings whose credentials are read for each pull
     * @param node tells agents of several nodes of one machine apart
     */
    public NodeImages(
            ImageStore store, RegistryClient registries, ImagePlatform platform, ImageSettings settings, String node) {
        this.store = store;
        this.registries = registries;
        this.platform = platform;
        this.settings = settings;
        this.node = node;
    }

    /**
     * Opens a node's images.
     *
     * @param files what the operating system does about layers
     */
    public static NodeImages open(ImageSettings settings, LayerFiles files, String node, Clock clock)
            throws IOException, InterruptedException {
        ImageStore store = ImageStore.open(settings.directory(), files, StoreLimits.DEFAULT, clock);
        try {
            return new NodeImages(
                    store, new RegistryClient(settings.registries()), ImagePlatform.ofThisMachine(), settings, node);
        } catch (IOException e) {
            store.close();
            throw e;
        }
    }

    /** A mount by a digest of its path, which may have any character and be longer than the name of a file. */
    private String user(ImageUse use) {
        return root(use.agent())
                + use.mount()
                        .map(path -> SEPARATOR
                                + Digest.of(path.getBytes(StandardCharsets.UTF_8))
                                        .hex())
                        .orElse("");
    }

    private String root(SandboxId agent) {
        return prefix() + agent.value();
    }

    private String prefix() {
        return node + SEPARATOR;
    }

    @Override
    public Optional<AgentImage> of(ImageUse use) throws IOException, InterruptedException {
        Optional<StoredImage> used = store.usedBy(user(use));
        return used.isPresent() ? Optional.of(noted(use, used.get())) : Optional.empty();
    }

    /** Nothing is noted of an image that can't be read. */
    private AgentImage noted(ImageUse use, StoredImage image) throws IOException, InterruptedException {
        ImageConfiguration configuration = store.configuration(image);
        return new AgentImage(image.digest(), configuration, store.use(user(use), image));
    }

    @Override
    public void requireSigned(ImageUse use) throws IOException, InterruptedException {
        Optional<StoredImage> used = store.usedBy(user(use));
        if (used.isPresent()) {
            store.admitted(used.get(), new SignatureAdmission(settings.readSignatures()), Optional.empty());
        }
    }

    @Override
    public AgentImage get(
            ImageUse use, ImageReference reference, PullPolicy policy, RegistryCredentials own, PullObserver observer)
            throws IOException, InterruptedException {
        Optional<StoredImage> had = store.usedBy(user(use));
        if (had.isEmpty()) {
            return noted(use, stored(reference, policy, own, observer));
        }
        ImageReference same = had.get().reference().pinned(had.get().digest());
        return noted(use, stored(same, policy == PullPolicy.NEVER ? policy : PullPolicy.IF_NOT_PRESENT, own, observer));
    }

    private StoredImage stored(
            ImageReference reference, PullPolicy policy, RegistryCredentials own, PullObserver observer)
            throws IOException, InterruptedException {
        return store.get(
                reference,
                policy,
                () -> registries.source(reference, own.and(settings.readCredentials())),
                new SignatureAdmission(settings.readSignatures()),
                platform,
                observer);
    }

    @Override
    public void release(SandboxId agent) throws IOException {
        for (String user : store.userNames()) {
            if (user.equals(root(agent)) || user.startsWith(root(agent) + SEPARATOR)) {
                store.release(user);
            }
        }
    }

    @Override
    public Set<SandboxId> holders() throws IOException {
        Set<SandboxId> holders = new HashSet<>();
        for (String user : store.userNames()) {
            if (user.startsWith(prefix())) {
                String use = user.substring(prefix().length());
                holders.add(new SandboxId(use.split(SEPARATOR, 2)[0]));
            }
        }
        return holders;
    }

    /**
     * Removes what no image and no agent needs any more, and while less of the disk is free than that also images that no
     * agent has, those first that were not used for longest.
     *
     * @return images that were removed
     */
    public List<ImageReference> relieve(long wantedFree) throws IOException, InterruptedException {
        return store.relieve(wantedFree);
    }

    @Override
    public void close() throws IOException {
        registries.close();
        store.close();
    }
}
