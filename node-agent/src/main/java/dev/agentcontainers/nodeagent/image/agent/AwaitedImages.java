package dev.agentcontainers.nodeagent.image.agent;

import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's images from when their store can be opened on, which is tried until it succeeds. Until then everything that is
 * asked of them fails, and says why; what needs no image has nothing to do with it. Thread-safe.
 */
public final class AwaitedImages implements AgentImages, Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(AwaitedImages.class);
    private static final Duration TRIED_AGAIN = Duration.ofSeconds(10);

    private final Opening opening;
    private final Duration triedAgain;
    private final Thread thread;
    private final CountDownLatch tried = new CountDownLatch(1);
    private volatile Optional<NodeImages> opened = Optional.empty();
    private volatile Optional<String> problem = Optional.empty();
    private boolean closed;

    /** Opens the images of the node. */
    @FunctionalInterface
    public interface Opening {
        NodeImages open() throws IOException, InterruptedException;
    }

    private AwaitedImages(Opening opening, Duration triedAgain) {
        this.opening = opening;
        this.triedAgain = triedAgain;
        // Not a virtual one: a disk may take for ever.
        this.thread = Thread.ofPlatform().daemon().name("image store").unstarted(this::open);
    }

    /**
     * Begins to open a node's images.
     *
     * @param files what the operating system does about layers
     */
    public static AwaitedImages start(ImageSettings settings, LayerFiles files, String node, Clock clock) {
        return start(() -> NodeImages.open(settings, files, node, clock), TRIED_AGAIN);
    }

    /**
     * Begins to open images in a way of the caller's.
     *
     * @param triedAgain after which it is tried again where it failed
     */
    public static AwaitedImages start(Opening opening, Duration triedAgain) {
        AwaitedImages images = new AwaitedImages(opening, triedAgain);
        images.thread.start();
        return images;
    }

    /** Waits until they are open or could not be opened for the first time, but no longer than that. */
    public void awaitFirstTry(Duration patience) throws InterruptedException {
        if (!tried.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            LOG.info("the store of images is still being opened");
        }
    }

    private void open() {
        try {
            while (!isOpen()) {
                Thread.sleep(triedAgain);
            }
        } catch (InterruptedException e) {
            // The node agent ends.
        }
    }

    private boolean isOpen() throws InterruptedException {
        try {
            keep(opening.open());
            return true;
        } catch (IOException | RuntimeException e) {
            String warning = "agents can't run from images yet, since the store of images can't be opened: " + why(e);
            if (!problem.equals(Optional.of(warning))) {
                LOG.error("{}; tried again every {} s", warning, triedAgain.toSeconds(), e);
            }
            problem = Optional.of(warning);
            return false;
        } finally {
            tried.countDown();
        }
    }

    private synchronized void keep(NodeImages images) throws IOException {
        if (closed) {
            images.close();
            return;
        }
        opened = Optional.of(images);
        if (problem.isPresent()) {
            LOG.info("agents can run from images now");
        }
        problem = Optional.empty();
    }

    /** The message of some is nothing but a file's name. */
    private static String why(Exception failure) {
        return failure instanceof FileSystemException ? failure.toString() : String.valueOf(failure.getMessage());
    }

    /** What an administrator should know; empty once they are open. */
    public List<String> warnings() {
        return problem.stream().toList();
    }

    private NodeImages images() throws IOException {
        Optional<NodeImages> now = opened;
        if (now.isPresent()) {
            return now.get();
        }
        throw new IOException(problem.orElse("the store of images is still being opened"));
    }

    @Override
    public Optional<AgentImage> of(ImageUse use) throws IOException, InterruptedException {
        return images().of(use);
    }

    @Override
    public void requireSigned(ImageUse use) throws IOException, InterruptedException {
        images().requireSigned(use);
    }

    @Override
    public AgentImage get(
            ImageUse use,
            ImageReference reference,
            PullPolicy policy,
            RegistryCredentials credentials,
            PullObserver observer)
            throws IOException, InterruptedException {
        return images().get(use, reference, policy, credentials, observer);
    }

    @Override
    public void release(SandboxId agent) throws IOException {
        images().release(agent);
    }

    @Override
    public Set<SandboxId> holders() throws IOException {
        return images().holders();
    }

    /** As {@link NodeImages#relieve}; nothing as long as they are not open, which is said by {@link #warnings}. */
    public List<ImageReference> relieve(long wantedFree) throws IOException, InterruptedException {
        Optional<NodeImages> now = opened;
        return now.isPresent() ? now.get().relieve(wantedFree) : List.of();
    }

    /** What is being opened meanwhile is closed when it is. */
    @Override
    public void close() throws IOException {
        thread.interrupt();
        synchronized (this) {
            closed = true;
            if (opened.isPresent()) {
                opened.get().close();
            }
        }
    }
}
