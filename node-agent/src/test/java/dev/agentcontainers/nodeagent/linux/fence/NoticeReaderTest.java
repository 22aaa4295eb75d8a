package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkNotices;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NoticeReaderTest {
    private final BlockingQueue<String> coming = new LinkedBlockingQueue<>();
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private volatile long lost;
    private volatile boolean refusing;

    /** Gives what a test says; the word "broken" is a socket that fails. */
    private final class Notices implements NetlinkNotices {
        @Override
        public List<NetlinkMessage> await(Duration atMost) throws IOException {
            try {
                String word = coming.poll(atMost.toMillis(), TimeUnit.MILLISECONDS);
                if ("broken".equals(word)) {
                    throw new IOException("made to fail");
                }
                return word == null ? List.of() : List.of(new NetlinkMessage(word, 0, 0, new byte[0]));
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public long overruns() {
            return lost;
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }

    private final List<String> taken = new CopyOnWriteArrayList<>();

    private final NoticeReader.Taker taker = new NoticeReader.Taker() {
        @Override
        public void take(NetlinkMessage notice) {
            if (notice.action().equals("riddle")) {
                throw new IllegalArgumentException("not understood");
            }
            taken.add(notice.action());
        }

        @Override
        public void overrun() {
            taken.add("some are lost");
        }
    };

    private NoticeReader begin() {
        return NoticeReader.begin(
                "notices",
                () -> {
                    if (refusing) {
                        throw new IOException("made to fail");
                    }
                    opened.incrementAndGet();
                    return new Notices();
                },
                taker);
    }

    private void awaitTaken(String... words) {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(taken).containsExactly(words));
    }

    @Test
    void oneThatIsNotUnderstoodKeepsNoOtherFromBeingRead() {
        try (NoticeReader reader = begin()) {
            coming.addAll(List.of("one", "riddle", "two"));
            awaitTaken("one", "two");
        }
        assertThat(opened).hasValue(1);
        assertThat(closed).hasValue(1);
    }

    @Test
    void lossesAreSaidOnce() {
        try (NoticeReader reader = begin()) {
            lost = 3;
            awaitTaken("some are lost");
            coming.add("one");
            awaitTaken("some are lost", "one");
        }
    }

    @Test
    void aSocketThatFailsIsOpenedAnewAndWhatWasMissedIsSaid() {
        try (NoticeReader reader = begin()) {
            coming.addAll(List.of("one", "broken", "two"));
            awaitTaken("one", "some are lost", "two");
        }
        assertThat(opened).hasValue(2);
        assertThat(closed).hasValue(2);
    }

    @Test
    void itIsTriedUntilItCanBeOpened() {
        refusing = true;
        try (NoticeReader reader = begin()) {
            awaitTaken("some are lost");
            refusing = false;
            coming.add("one");
            awaitTaken("some are lost", "one");
        }
    }
}
