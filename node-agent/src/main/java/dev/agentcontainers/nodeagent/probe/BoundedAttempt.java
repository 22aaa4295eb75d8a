package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt on a thread of its own, which loses everything that it has opened when its time is up. That is a failure of the agent
 * only where the agent was asked by then.
 */
final class BoundedAttempt {
    private static final Logger LOG = LoggerFactory.getLogger(BoundedAttempt.class);

    /** What is closed ends at once; what does not must not hold the next attempt up for ever. */
    private static final Duration CLEARING_UP = Duration.ofSeconds(5);

    private static final int LONGEST_MESSAGE = 256;

    private final Duration timeout;

    BoundedAttempt(Duration timeout) {
        this.timeout = timeout;
    }

    interface Work {
        ProbeResult run(Ends ends) throws SandboxException, IOException, InterruptedException;
    }

    /** What an attempt has opened. Closed once: what is opened afterwards is closed at once. Thread-safe. */
    static final class Ends {
        private final List<AutoCloseable> opened = new ArrayList<>();
        private BooleanSupplier begun = () -> false;
        private boolean over;

        /** By which the agent is asked from now on. */
        <T extends AutoCloseable> T own(T part) throws IOException {
            return own(part, () -> true);
        }

        /** @param asked whether the agent is asked by it; looked at when the time is up, while the part is open */
        <T extends AutoCloseable> T own(T part, BooleanSupplier asked) throws IOException {
            synchronized (this) {
                if (!over) {
                    opened.add(part);
                    begun = asked;
                    return part;
                }
            }
            close(part);
            throw new IOException("too late");
        }

        /** Whether the agent is asked by now: until then it has nothing to answer. */
        boolean haveBegun() {
            BooleanSupplier asked;
            synchronized (this) {
                asked = begun;
            }
            return asked.getAsBoolean();
        }

        void close() {
            List<AutoCloseable> ended;
            synchronized (this) {
                over = true;
                ended = List.copyOf(opened);
                opened.clear();
            }
            ended.forEach(Ends::close);
        }

        private static void close(AutoCloseable part) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.debug("closing a part of a probe failed", e);
            }
        }
    }

    ProbeResult make(Work work) throws InterruptedException {
        Ends ends = new Ends();
        CompletableFuture<ProbeResult> answer = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().name("probe attempt").start(() -> answer.complete(result(work, ends)));
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return ends.haveBegun()
                    ? new ProbeResult.Failure("no answer within " + timeout.toSeconds() + " s")
                    : new ProbeResult.Unknown("the node did not come to ask within " + timeout.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            ends.close();
            thread.interrupt();
            if (!thread.join(CLEARING_UP)) {
                LOG.warn("an attempt of a probe does not end though everything of it is closed");
            }
        }
    }

    @SuppressWarnings("CatchingUnchecked") // whatever goes wrong is no success, and no failure of the agent either
    private static ProbeResult result(Work work, Ends ends) {
        try {
            return work.run(ends);
        } catch (InterruptedException e) {
            return new ProbeResult.Unknown("interrupted");
        } catch (IOException e) {
            LOG.debug("an attempt of a probe failed", e);
            return new ProbeResult.Failure(text(e));
        } catch (Exception e) {
            LOG.debug("an attempt of a probe could not be made", e);
            return new ProbeResult.Unknown(text(e));
        }
    }

    private static String text(Exception e) {
        return text(Objects.requireNonNullElse(e.getMessage(), e.toString()));
    }

    /** What may come from an agent, fit to be shown: printable, on one line, not long. */
    static String text(String raw) {
        String line = raw.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ").strip();
        int length = line.codePointCount(0, line.length());
        return length <= LONGEST_MESSAGE
                ? line
                : line.substring(0, line.offsetByCodePoints(0, LONGEST_MESSAGE)) + "...";
    }
}
