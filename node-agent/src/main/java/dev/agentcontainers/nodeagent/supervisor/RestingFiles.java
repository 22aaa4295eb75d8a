package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Lets one at a time work with an agent's files while the agent rests. What is desired of the agent goes before: once it is not to
 * rest any more, the work is ended, and the agent's loop does nothing until it has. Thread-safe.
 */
final class RestingFiles {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private Optional<Resting> resting = Optional.empty();
    private Optional<String> refusal = Optional.empty();
    private @Nullable Thread working;

    /** What is done with the files of an agent. */
    @FunctionalInterface
    interface Work<T> {
        T with(Resting agent, KeptFiles files) throws SandboxException, IOException;
    }

    /** An agent that rests, and what of it concerns its files. */
    record Resting(Assignment assignment, IsolationDriver driver, SandboxSpec spec) {}

    /** For the agent's loop: nothing of the agent runs, nor will until {@link #close} has returned. */
    void open(Resting agent) {
        lock.lock();
        try {
            resting = Optional.of(agent);
            refusal = Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** For the agent's loop: ends the work that is under way, and waits for its end. */
    void close() throws InterruptedException {
        close(Optional.empty());
    }

    /** The same of an agent that rests, and why nobody may work with its files. */
    void refuse(String why) throws InterruptedException {
        close(Optional.of(why));
    }

    private void close(Optional<String> why) throws InterruptedException {
        lock.lock();
        try {
            resting = Optional.empty();
            refusal = why;
            if (working != null) {
                working.interrupt();
            }
            while (working != null) {
                ended.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Works on the calling thread, which is interrupted where the agent is not to rest any more.
     *
     * @throws SandboxException also where the agent does not rest, or others work with its files
     */
    <T> T work(Step step, Work<T> work) throws SandboxException, IOException {
        Resting agent = begin(step);
        try {
            KeptFiles files = agent.driver()
                    .keptFiles()
                    .orElseThrow(() -> new SandboxException(
                            step,
                            Kind.UNSUPPORTED,
                            "the driver " + agent.driver().name() + " keeps no files that could be had"));
            return work.with(agent, files);
        } catch (SandboxException | IOException | RuntimeException e) {
            if (isOver()) {
                throw new SandboxException(
                        step, Kind.TRANSIENT, "ended, because the agent is resumed or removed: " + e.getMessage(), e);
            }
            throw e;
        } finally {
            end();
        }
    }

    private Resting begin(Step step) throws SandboxException {
        lock.lock();
        try {
            Resting agent = resting.orElseThrow(() -> new SandboxException(
                    step,
                    Kind.TRANSIENT,
                    refusal.orElse(
                            "the agent is not suspended on its node: its files can be saved and restored only while it"
                                    + " rests (agentctl suspend)")));
            if (working != null) {
                throw new SandboxException(
                        step, Kind.TRANSIENT, "the agent's files are being saved or restored already: try again later");
            }
            working = Thread.currentThread();
            return agent;
        } finally {
            lock.unlock();
        }
    }

    private boolean isOver() {
        lock.lock();
        try {
            return resting.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            working = null;
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
