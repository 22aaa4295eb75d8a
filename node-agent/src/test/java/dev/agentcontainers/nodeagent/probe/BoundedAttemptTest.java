package dev.agentcontainers.nodeagent.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of an attempt by when its time is up: the agent's failure, or the node's trouble. */
@Timeout(60)
class BoundedAttemptTest {
    private static final ProbeResult NO_ANSWER = new ProbeResult.Failure("no answer within 1 s");
    private static final ProbeResult NOT_ASKED = new ProbeResult.Unknown("the node did not come to ask within 1 s");

    private final BoundedAttempt attempt = new BoundedAttempt(Duration.ofSeconds(1));
    private final AtomicInteger closed = new AtomicInteger();

    private final AutoCloseable part = closed::incrementAndGet;

    /** Until the attempt is ended. */
    private static ProbeResult waiting() throws InterruptedException {
        new CountDownLatch(1).await();
        return new ProbeResult.Success();
    }

    @Test
    void whatIsAnsweredInTimeCounts() throws Exception {
        ProbeResult result = attempt.make(ends -> {
            ends.own(part);
            return new ProbeResult.Success();
        });

        assertThat(result).isEqualTo(new ProbeResult.Success());
        assertThat(closed).hasValue(1);
    }

    @Test
    void anAgentThatIsAskedAndDoesNotAnswerFails() throws Exception {
        assertThat(attempt.make(ends -> {
                    ends.own(part);
                    return waiting();
                }))
                .isEqualTo(NO_ANSWER);
        assertThat(closed).hasValue(1);
    }

    /** As where a lock of the fence or a runtime's command is waited for. */
    @Test
    void anAgentThatTheNodeDoesNotComeToAskDoesNotFail() throws Exception {
        assertThat(attempt.make(_ -> waiting())).isEqualTo(NOT_ASKED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aProgramCountsFromWhenItIsThere(boolean there) throws Exception {
        AtomicBoolean begun = new AtomicBoolean();

        ProbeResult result = attempt.make(ends -> {
            ends.own(part, begun::get);
            begun.set(there);
            return waiting();
        });

        assertThat(result).isEqualTo(there ? NO_ANSWER : NOT_ASKED);
        assertThat(closed).hasValue(1);
    }

    /** What is looked at may be of no use once it is closed. */
    @Test
    void whetherItIsThereIsAskedBeforeItIsClosed() throws Exception {
        assertThat(attempt.make(ends -> {
                    ends.own(part, () -> closed.get() == 0);
                    return waiting();
                }))
                .isEqualTo(NO_ANSWER);
    }

    @Test
    void whatIsOpenedTooLateIsClosedAtOnceAndChangesNothing() throws Exception {
        CompletableFuture<Boolean> late = new CompletableFuture<>();

        ProbeResult result = attempt.make(ends -> {
            try {
                return waiting();
            } catch (InterruptedException e) {
                assertThatExceptionOfType(IOException.class)
                        .isThrownBy(() -> ends.own(part))
                        .withMessage("too late");
                late.complete(ends.haveBegun());
                throw e;
            }
        });

        assertThat(result).isEqualTo(NOT_ASKED);
        assertThat(late.join()).isFalse();
        assertThat(closed).hasValue(1);
    }

    @Test
    void onlyWhatTheConnectionSaysIsTheAgentsFailure() throws Exception {
        assertThat(attempt.make(_ -> {
                    throw new IOException("Connection refused");
                }))
                .isEqualTo(new ProbeResult.Failure("Connection refused"));
        assertThat(attempt.make(_ -> {
                    throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "not attached");
                }))
                .isEqualTo(new ProbeResult.Unknown("not attached"));
        assertThat(attempt.make(_ -> {
                    throw new IllegalStateException("closed");
                }))
                .isEqualTo(new ProbeResult.Unknown("closed"));
    }
}
