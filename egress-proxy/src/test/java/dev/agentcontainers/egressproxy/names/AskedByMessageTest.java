package dev.agentcontainers.egressproxy.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.egressproxy.names.NameLookup.Result;
import dev.agentcontainers.egressproxy.names.Openings.Opened;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an agent's question would have brought about, for who connects in its place. */
class AskedByMessageTest {
    private static final String AGENT = "100.80.4.2";
    private static final String NAME = "www.example.org";

    private final List<NameDecision> decisions = new ArrayList<>();
    private Resolution resolution = new Resolution.Found(List.of("10.0.0.1", "192.0.2.2", "192.0.2.1"), 60);
    private CompletableFuture<Opened> opened = CompletableFuture.completedFuture(Opened.NOTHING);
    private final NameService service = new NameService(
            _ -> CompletableFuture.completedFuture(resolution),
            (_, _, _, _) -> opened,
            decisions::add,
            Clock.systemUTC(),
            System::nanoTime);
    private final NameLookup lookup = new AskedByMessage(service, Runnable::run);

    @BeforeEach
    void allow() {
        service.configure(new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of(NAME, "gone.example.org", "empty.example.org")),
                Map.of(),
                List.of(),
                NameLimits.DEFAULT));
    }

    private Result lookUp(String name) {
        return lookup.lookUp(AGENT, name).join();
    }

    private List<String> interceptedAt(int port) {
        return ((Result.Opened) lookUp(NAME)).opened().interceptedAt(port);
    }

    /** In the order of the answer, and nothing that was not asked for. */
    @Test
    void onlyWhatIsInterceptedAtThePortIsForTheProxy() {
        opened = CompletableFuture.completedFuture(new Opened(
                List.of("192.0.2.1", "10.0.0.1", "192.0.2.2", "192.0.2.9"),
                Map.of("192.0.2.1", Set.of(443, 80), "192.0.2.2", Set.of(443), "192.0.2.9", Set.of(443))));
        assertThat(interceptedAt(443)).containsExactly("192.0.2.2", "192.0.2.1");
        assertThat(interceptedAt(80)).containsExactly("192.0.2.1");
        assertThat(interceptedAt(22)).isEmpty();
        assertThat(decisions.getFirst().addresses())
                .as("the agent itself reaches all that it was told")
                .containsExactly("10.0.0.1", "192.0.2.2", "192.0.2.1");
    }

    @Test
    void whatTheAgentIsToldByOtherRulesIsNotForTheProxy() {
        opened = CompletableFuture.completedFuture(Opened.of(List.of("10.0.0.1")));
        assertThat(interceptedAt(443)).isEmpty();
    }

    @Test
    void whatTheAgentWouldNotBeToldIsSaidWhy() {
        assertThat(lookUp(NAME)).isInstanceOf(Result.Denied.class);
        assertThat(lookUp("other.example.org")).isInstanceOf(Result.Denied.class);
        opened = CompletableFuture.failedFuture(new IOException("too many are open"));
        assertThat(lookUp(NAME)).isInstanceOf(Result.Failed.class);
        resolution = new Resolution.NoSuchName();
        assertThat(lookUp("gone.example.org")).isInstanceOf(Result.Failed.class);
        resolution = new Resolution.NoData();
        assertThat(lookUp("empty.example.org")).isInstanceOf(Result.Failed.class);
        assertThat(decisions)
                .extracting(NameDecision::verdict)
                .containsExactly(
                        NameVerdict.REFUSED_ADDRESSES,
                        NameVerdict.DENIED,
                        NameVerdict.NOT_OPENED,
                        NameVerdict.NO_SUCH_NAME,
                        NameVerdict.NO_DATA);
    }
}
