package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks again and again where the API server is, so that an address that its name gets later is closed to agents too.
 * One that it had is not opened again before the next start of the node agent: names with several addresses often show
 * only some.
 */
final class ApiServerWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiServerWatch.class);
    private static final Duration PERIOD = Duration.ofMinutes(1);

    /** More than any API server has at a time; the oldest go first. */
    private static final int MOST = 64;

    private final Supplier<Optional<List<String>>> resolve;
    private final Closing closing;
    private final Duration period;
    private final SequencedSet<String> known;
    private final Thread thread =
            Thread.ofVirtual().name("API server's addresses").unstarted(this::watch);

    /** Closes addresses to agents. */
    interface Closing {
        /** @param all the API server's */
        void close(List<String> all) throws SandboxException;
    }

    ApiServerWatch(List<String> known, Supplier<Optional<List<String>>> resolve, Closing closing) {
        this(known, resolve, closing, PERIOD);
    }

    ApiServerWatch(List<String> known, Supplier<Optional<List<String>>> resolve, Closing closing, Duration period) {
        this.known = new LinkedHashSet<>(known);
        this.resolve = resolve;
        this.closing = closing;
        this.period = period;
    }

    ApiServerWatch start() {
        thread.start();
        return this;
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(period);
                resolve.get().ifPresent(this::compare);
            }
        } catch (InterruptedException e) {
            // The node agent ends.
        }
    }

    private void compare(List<String> found) {
        if (known.containsAll(found)) {
            return;
        }
        SequencedSet<String> all = new LinkedHashSet<>(known);
        found.forEach(all::addLast);
        while (all.size() > MOST) {
            all.removeFirst();
        }
        try {
            closing.close(List.copyOf(all));
            LOG.info("the API server has other addresses ({}): closed to agents", found);
            known.addAll(all);
            known.retainAll(all);
        } catch (SandboxException | RuntimeException e) {
            LOG.warn("the API server's addresses {} are not closed to agents yet: {}", found, e.getMessage());
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
