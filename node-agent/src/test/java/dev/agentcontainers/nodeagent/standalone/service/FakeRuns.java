package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.nodeagent.standalone.Run;
import dev.agentcontainers.nodeagent.standalone.RunEnd;
import dev.agentcontainers.nodeagent.standalone.RunObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** Runs that last until they are stopped. */
final class FakeRuns implements Runs {
    private final List<FakeRun> begun = new CopyOnWriteArrayList<>();

    /** One run, and what it was told. */
    static final class FakeRun implements Run {
        private final RunObjects objects;
        private volatile List<String> neverAllowed;
        private final CountDownLatch stopped = new CountDownLatch(1);

        private FakeRun(RunObjects objects, List<String> neverAllowed) {
            this.objects = objects;
            this.neverAllowed = neverAllowed;
        }

        RunObjects objects() {
            return objects;
        }

        List<String> neverAllowed() {
            return neverAllowed;
        }

        @Override
        public RunEnd await() throws InterruptedException {
            stopped.await();
            return new RunEnd(Optional.of(0), Optional.empty(), 0);
        }

        @Override
        public void stop() {
            stopped.countDown();
        }

        @Override
        public void kill() {
            stopped.countDown();
        }

        @Override
        public void neverAllow(List<String> addressesAndRanges) {
            neverAllowed = addressesAndRanges;
        }
    }

    List<FakeRun> begun() {
        return begun;
    }

    @Override
    public Run of(RunObjects objects, List<String> neverAllowed, RunObserver observer) {
        FakeRun run = new FakeRun(objects, neverAllowed);
        begun.add(run);
        return run;
    }
}
