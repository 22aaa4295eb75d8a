package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.linux.netlink.RecordingNetlinkEvents;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HostWatchTest {
    private final RecordingNetlinkEvents events = new RecordingNetlinkEvents();
    private final AtomicInteger told = new AtomicInteger();

    @Test
    void tellsOfEachNotice() {
        try (HostWatch watch = HostWatch.begin(events, told::incrementAndGet)) {
            events.happen();
            await().until(() -> told.get() == 1);
            events.happen();
            await().until(() -> told.get() == 2);
        }
    }

    @Test
    void saysNothingWhereNothingHappens() {
        try (HostWatch watch = HostWatch.begin(events, told::incrementAndGet)) {
            await().until(() -> events.waits() >= 2);
        }
        assertThat(told).hasValue(0);
    }

    @Test
    void listensNoMoreOnceItIsClosed() {
        HostWatch.begin(events, told::incrementAndGet).close();

        assertThat(events.isClosed()).isTrue();
    }

    @Test
    void endsWhereTheKernelDoesNotAnswerAnyMore() {
        try (HostWatch watch = HostWatch.begin(events, told::incrementAndGet)) {
            events.fail("made to fail");
            await().until(events::isClosed);
        }
        assertThat(told).hasValue(0);
    }

    @Test
    void goesOnAfterAListenerThatFailed() {
        Runnable listener = () -> {
            if (told.incrementAndGet() == 1) {
                throw new IllegalStateException("made to fail");
            }
        };
        try (HostWatch watch = HostWatch.begin(events, listener)) {
            events.happen();
            events.happen();
            await().until(() -> told.get() == 2);
        }
    }
}
