package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.service.RunService;
import dev.agentcontainers.nodeagent.standalone.service.ServiceSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket for users without root, where one is set. A node works without it as well: what keeps it from opening is
 * logged, and the fleet's agents are not troubled. Thread-safe.
 */
final class LocalSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalSocket.class);

    private final Optional<Path> path;
    private final String group;
    private final int sharePercent;
    private final ImageSettings images;
    private Optional<RunService> service = Optional.empty();
    private boolean closed;

    /**
     * @param group whose members may connect
     * @param sharePercent how much of the machine users' runs may have together
     * @param images where their images are kept and had from; its credentials are the node's own and not used for them
     */
    LocalSocket(Optional<Path> path, String group, int sharePercent, ImageSettings images) {
        this.path = path;
        this.group = group;
        this.sharePercent = sharePercent;
        this.images = new ImageSettings(
                images.directory(), images.registries(), Optional.empty(), images.signatures(), images.freePercent());
    }

    /** What users' runs get. */
    ImageSettings images() {
        return images;
    }

    /** @param neverAllowed addresses and ranges that no policy opens, as of when the socket is opened */
    synchronized void open(Supplier<List<String>> neverAllowed) {
        if (path.isEmpty() || closed) {
            return;
        }
        try {
            service = Optional.of(RunService.start(
                    ServiceSettings.at(path.get(), group, sharePercent, neverAllowed.get()),
                    Platform.current(),
                    images));
        } catch (RefusedRunException | IOException e) {
            LOG.error("agentcontainers.node.local-socket {} can't be opened: {}", path.get(), e.getMessage());
        }
    }

    /** Replaces what no policy opens, for users' runs that are under way as well. */
    synchronized void neverAllow(List<String> addressesAndRanges) {
        service.ifPresent(open -> open.neverAllow(addressesAndRanges));
    }

    @Override
    public synchronized void close() {
        closed = true;
        service.ifPresent(open -> {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("the local socket was not closed well", e);
            }
        });
    }
}
