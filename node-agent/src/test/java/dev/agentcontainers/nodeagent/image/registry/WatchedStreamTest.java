package dev.agentcontainers.nodeagent.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class WatchedStreamTest {
    /** Gives nothing until it is closed, as the JDK's HTTP client does for a server that is silent. */
    private static final class Silent extends InputStream {
        private final CountDownLatch closed = new CountDownLatch(1);

        @Override
        public int read() throws IOException {
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new IOException("closed");
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    @Test
    void endsAReadForWhichNothingArrives() throws IOException {
        try (InputStream watched = new WatchedStream(new Silent(), Duration.ofMillis(50), "registry.example")) {
            assertThatThrownBy(() -> watched.read(new byte[10]))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE))
                    .hasMessageContaining("registry.example broke off: sent nothing");
        }
    }

    @Test
    void givesWhatArrives() throws IOException {
        byte[] content = {1, 2, 3};
        try (InputStream watched =
                new WatchedStream(new ByteArrayInputStream(content), Duration.ofDays(1), "registry.example")) {
            assertThat(watched.readAllBytes()).isEqualTo(content);
        }
    }
}
