package dev.agentcontainers.nodeagent.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OutputPumpTest {
    private static final Duration SILENCE = Duration.ofMillis(50);

    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

    /** A file that is copied to a slow user must not lose its end. */
    @Test
    void whatTheProcessWroteReachesWhoTakesItSlowly() throws Exception {
        byte[] written = new byte[200_000];
        OutputPump pump = OutputPump.start(
                new ByteArrayInputStream(written),
                (content, count) -> {
                    Thread.sleep(SILENCE.multipliedBy(4));
                    taken.write(content, 0, count);
                },
                "pump");

        pump.awaitRest(SILENCE);

        assertThat(taken.size()).isEqualTo(written.length);
    }

    @Test
    void aChildThatHoldsTheOutputAndIsSilentIsNotWaitedFor() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        InputStream silent = new InputStream() {
            @Override
            public int read() throws IOException {
                try {
                    end.await(20, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return -1;
            }
        };
        OutputPump pump = OutputPump.start(silent, (content, count) -> taken.write(content, 0, count), "pump");

        pump.awaitRest(SILENCE);

        assertThat(end.getCount()).isEqualTo(1);
        end.countDown();
    }

    @Test
    void aChildThatHoldsTheOutputAndGoesOnIsNotWaitedForEither() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return end.getCount() == 0 ? -1 : 'x';
            }
        };
        OutputPump pump = OutputPump.start(endless, (content, count) -> Thread.sleep(1), "pump");

        pump.awaitRest(SILENCE);

        assertThat(end.getCount()).isEqualTo(1);
        end.countDown();
    }
}
