package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.log.CriLine;
import dev.agentcontainers.nodeagent.log.FollowedLog;
import dev.agentcontainers.nodeagent.standalone.RunObserver.Stream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** Passes an agent's output on as it comes, byte for byte: an unfinished line too. */
final class OutputFollower implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMillis(10);

    private final Path file;
    private final RunObserver observer;
    private final Runnable onRefused;
    private final Thread thread;
    private volatile boolean finished;

    private OutputFollower(Path file, RunObserver observer, Runnable onRefused) {
        this.file = file;
        this.observer = observer;
        this.onRefused = onRefused;
        this.thread = Thread.ofPlatform().daemon().name("output").unstarted(this::follow);
    }

    /** @param onRefused called once where the observer can't take any more, after "| head" for example */
    static OutputFollower start(Path file, RunObserver observer, Runnable onRefused) {
        OutputFollower follower = new OutputFollower(file, observer, onRefused);
        follower.thread.start();
        return follower;
    }

    /** Returns when everything that was written until now has been passed on. */
    @Override
    public void close() {
        finished = true;
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow() {
        try (FollowedLog log = new FollowedLog(file, channel -> 0, new ToObserver())) {
            log.follow(() -> finished, INTERVAL);
        } catch (IOException e) {
            observer.warning("the agent's output can't be read: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private final class ToObserver implements FollowedLog.Reader {
        private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
        private Stream pendingStream = Stream.OUTPUT;
        private boolean broken;

        @Override
        public void line(CriLine line) {
            Stream stream = switch (line.stream()) {
                case STDOUT -> Stream.OUTPUT;
                case STDERR -> Stream.ERROR_OUTPUT;
            };
            if (stream != pendingStream) {
                pause();
                pendingStream = stream;
            }
            pending.writeBytes(line.text());
            if (!line.partial()) {
                pending.write('\n');
            }
        }

        @Override
        public void pause() {
            if (pending.size() == 0) {
                return;
            }
            byte[] data = pending.toByteArray();
            pending.reset();
            if (broken) {
                return;
            }
            try {
                observer.output(pendingStream, data);
            } catch (IOException e) {
                broken = true;
                onRefused.run();
            }
        }
    }
}
