package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Addresses that the API server's name gets later are closed too. */
class ApiServerWatchTest {
    private final AtomicReference<Optional<List<String>>> name =
            new AtomicReference<>(Optional.of(List.of("10.0.0.1")));
    private final List<List<String>> closed = new CopyOnWriteArrayList<>();
    private final AtomicInteger failures = new AtomicInteger();

    private void close(List<String> all) throws SandboxException {
        if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new SandboxException(Step.FENCE, Kind.TRANSIENT, "the kernel refuses for once");
        }
        closed.add(all);
    }

    @Test
    void whatComesIsAddedToWhatWas() {
        failures.set(2);
        try (ApiServerWatch watch =
                new ApiServerWatch(List.of("10.0.0.1"), name::get, this::close, Duration.ofMillis(2)).start()) {
            name.set(Optional.empty());
            name.set(Optional.of(List.of("10.0.0.2")));
            await().untilAsserted(() -> assertThat(closed).containsExactly(List.of("10.0.0.1", "10.0.0.2")));
            name.set(Optional.of(List.of("10.0.0.1")));
            name.set(Optional.of(List.of("10.0.0.3", "10.0.0.1")));
            await().untilAsserted(() -> assertThat(closed).hasSize(2));
            assertThat(closed.getLast()).containsExactlyInAnyOrder("10.0.0.1", "10.0.0.2", "10.0.0.3");
            assertThat(watch).isNotNull();
        }
    }
}
