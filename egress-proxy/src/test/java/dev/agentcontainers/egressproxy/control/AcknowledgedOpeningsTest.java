package dev.agentcontainers.egressproxy.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.egressproxy.names.Openings.Opened;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class AcknowledgedOpeningsTest {
    private static final String ONE = "100.80.4.2";
    private static final String OTHER = "100.80.4.3";
    private static final String NAME = "www.example.org";
    private static final List<String> ADDRESSES = List.of("192.0.2.1", "10.0.0.1");

    /** Of those that are asked for, what the node agent opens. */
    private static final Opened OPENED = new Opened(List.of("192.0.2.1"), Map.of("192.0.2.1", Set.of(443)));

    private final List<CompletableFuture<Opened>> asked = new ArrayList<>();
    private long now;
    private final AcknowledgedOpenings openings = new AcknowledgedOpenings(
            (_, _, _, _) -> {
                CompletableFuture<Opened> answer = new CompletableFuture<>();
                asked.add(answer);
                return answer;
            },
            () -> now);

    private CompletableFuture<Opened> open(String agent, String name, List<String> addresses, int seconds) {
        return openings.open(agent, name, addresses, seconds);
    }

    private void opened(String agent, String name) {
        CompletableFuture<Opened> answer = open(agent, name, ADDRESSES, 60);
        asked.getLast().complete(OPENED);
        assertThat(answer).isCompletedWithValue(OPENED);
    }

    private void seconds(int seconds) {
        now += seconds * 1_000_000_000L;
    }

    /** An answer's life shrinks as that of what was opened for it. */
    @Test
    void whatIsOpenForAsLongIsNotAskedForAgain() {
        opened(ONE, NAME);
        assertThat(open(ONE, NAME, ADDRESSES, 60)).isCompletedWithValue(OPENED);
        seconds(20);
        assertThat(open(ONE, NAME, ADDRESSES, 41)).isCompletedWithValue(OPENED);
        assertThat(asked).hasSize(1);
    }

    @Test
    void whatIsLongerOrOtherIsAskedFor() {
        opened(ONE, NAME);
        seconds(20);
        assertThat(open(ONE, NAME, ADDRESSES, 42)).isNotDone();
        assertThat(open(ONE, NAME, OPENED.addresses(), 10)).isNotDone();
        assertThat(open(OTHER, NAME, ADDRESSES, 10)).isNotDone();
        assertThat(open(ONE, "other.example.org", ADDRESSES, 10)).isNotDone();
        assertThat(asked).hasSize(5);
    }

    @Test
    void onlyWhatWasAcknowledgedIsKnown() {
        CompletableFuture<Opened> first = open(ONE, NAME, ADDRESSES, 60);
        assertThat(open(ONE, NAME, ADDRESSES, 60)).isNotDone();
        asked.getFirst().completeExceptionally(new IOException("refused"));
        assertThat(first).isCompletedExceptionally();
        assertThat(open(ONE, NAME, ADDRESSES, 60)).isNotDone();
        assertThat(asked).hasSize(3);
    }

    @Test
    void whatMayBeClosedIsAskedForAgain() {
        opened(ONE, NAME);
        openings.forget();
        assertThat(open(ONE, NAME, ADDRESSES, 10)).isNotDone();
    }

    /** It may have been opened before what was closed then. */
    @Test
    void whatWasOnItsWayWhenAllWasForgottenIsNotRemembered() {
        CompletableFuture<Opened> answer = open(ONE, NAME, ADDRESSES, 60);
        openings.forget();
        asked.getFirst().complete(OPENED);
        assertThat(answer).isCompletedWithValue(OPENED);
        assertThat(open(ONE, NAME, ADDRESSES, 60)).isNotDone();
    }

    /** The record of a flow says the name by which its address was opened last. */
    @Test
    void theNodeAgentIsToldWhereAnotherNameHadTheAddress() {
        opened(ONE, NAME);
        opened(ONE, "other.example.org");
        assertThat(open(ONE, NAME, ADDRESSES, 10)).isNotDone();
        asked.getLast().complete(OPENED);
        assertThat(open(ONE, NAME, ADDRESSES, 10)).isCompletedWithValue(OPENED);
        assertThat(open(ONE, "other.example.org", ADDRESSES, 10)).isNotDone();
    }
}
