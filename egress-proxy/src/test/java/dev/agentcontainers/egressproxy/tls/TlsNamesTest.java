package dev.agentcontainers.egressproxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.egressproxy.names.Openings.Opened;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.egressproxy.resolved.RememberedOpenings;
import dev.agentcontainers.egressproxy.resolved.ResolvedPlaces;
import dev.agentcontainers.egressproxy.tls.TlsNames.Result;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsNamesTest {
    private static final String AGENT = "100.80.0.2";
    private static final String SITE = "192.0.2.1";
    private static final TlsName WWW = new TlsName("www.example.org", 443, 443);
    private static final TlsName BELOW = new TlsName("*.example.net", 443, 444);

    private final AtomicLong now = new AtomicLong();
    private final TlsNames names = new TlsNames(now::get);

    @BeforeEach
    void allow() {
        configure("g", WWW, BELOW);
        names.resolved(AGENT, "www.example.org", List.of(SITE), 60);
    }

    private void configure(String group, TlsName... allowed) {
        names.configure(new Configure(
                Map.of(AGENT, group),
                Map.of(group, List.of("www.example.org", "*.example.net", "plain.example.org")),
                allowed.length == 0 ? Map.of() : Map.of(group, List.of(allowed)),
                List.of(),
                NameLimits.DEFAULT));
    }

    private Result connects(String to, int port, String serverName) {
        return names.connects(AGENT, to, port, serverName);
    }

    private Permit permit() {
        return ((Result.Permitted) connects(SITE, 443, "www.example.org")).permit();
    }

    private static final Result OTHER = new Result.Refused(TlsVerdict.OTHER_NAME);

    @ParameterizedTest
    @ValueSource(strings = {"www.example.org", "WWW.example.ORG", "www.example.org."})
    void theNameThatWasResolvedPasses(String serverName) {
        assertThat(connects(SITE, 443, serverName)).isInstanceOf(Result.Permitted.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a.example.net",
                "plain.example.org",
                "attacker.test",
                "www.example.org\0.attacker.test",
                "www.example.org..",
                "www.example.org\u00ad",
                "192.0.2.1",
                "example.org",
                ""
            })
    void othersDoNot(String serverName) {
        assertThat(connects(SITE, 443, serverName)).isEqualTo(OTHER);
    }

    @Test
    void onlyAtItsPortsAndAddresses() {
        assertThat(connects(SITE, 444, "www.example.org")).isEqualTo(OTHER);
        assertThat(connects("192.0.2.2", 443, "www.example.org")).isEqualTo(OTHER);
        names.resolved(AGENT, "a.example.net", List.of("192.0.2.2"), 60);
        assertThat(connects("192.0.2.2", 443, "www.example.org"))
                .as("resolved for another")
                .isEqualTo(OTHER);
        assertThat(connects("192.0.2.2", 444, "a.example.net")).isInstanceOf(Result.Permitted.class);
        assertThat(connects("192.0.2.2", 444, "b.example.net"))
                .as("not resolved itself")
                .isEqualTo(OTHER);
    }

    @Test
    void otherAgentsHaveToResolveThemThemselves() {
        assertThat(names.connects("100.80.0.3", SITE, 443, "www.example.org"))
                .isEqualTo(new Result.Refused(TlsVerdict.UNKNOWN_AGENT));
    }

    @Test
    void onlyWhileTheAddressIsOpen() {
        now.addAndGet(59_000_000_000L);
        names.resolved(AGENT, "www.example.org", List.of(SITE), 2);
        now.addAndGet(1_500_000_000L);
        assertThat(connects(SITE, 443, "www.example.org")).isInstanceOf(Result.Permitted.class);
        Permit permit = permit();
        now.addAndGet(600_000_000L);
        assertThat(connects(SITE, 443, "www.example.org")).isEqualTo(OTHER);
        assertThat(names.holds(AGENT, SITE, permit))
                .as("what has begun goes on")
                .isTrue();
    }

    @Test
    void takenBackNamesEndWhatPassedByThem() {
        Permit permit = permit();

        configure("g", WWW);
        assertThat(names.holds(AGENT, SITE, permit))
                .as("one went that has the same port")
                .isFalse();
        permit = permit();
        configure("g", WWW, BELOW);
        assertThat(names.holds(AGENT, SITE, permit)).as("one came").isTrue();
        configure("g", WWW, new TlsName("*.example.net", 443, 443));
        assertThat(names.holds(AGENT, SITE, permit))
                .as("one went at another port")
                .isTrue();
        configure("g");
        assertThat(names.holds(AGENT, SITE, permit)).isFalse();
        assertThat(connects(SITE, 443, "www.example.org")).isEqualTo(OTHER);
        configure("g", WWW);
        assertThat(names.holds(AGENT, SITE, permit)).as("it comes again").isFalse();
    }

    @Test
    void anAgentOfAnotherGroupBeginsAnew() {
        Permit permit = permit();

        configure("h", WWW);
        assertThat(names.holds(AGENT, SITE, permit)).isFalse();
        assertThat(connects(SITE, 443, "www.example.org")).isEqualTo(OTHER);
        configure("g", WWW);
        assertThat(names.holds(AGENT, SITE, permit)).isFalse();
        names.configure(Configure.nothing());
        assertThat(connects(SITE, 443, "www.example.org")).isEqualTo(new Result.Refused(TlsVerdict.UNKNOWN_AGENT));
    }

    @Test
    void oneAgentCantFillTheMemory() {
        for (int i = 0; i < ResolvedPlaces.MOST; i++) {
            names.resolved(AGENT, "n" + i + ".example.net", List.of(SITE), 60);
        }
        assertThat(connects(SITE, 443, "www.example.org"))
                .as("the oldest is forgotten")
                .isEqualTo(OTHER);
        assertThat(connects(SITE, 443, "n1.example.net")).isInstanceOf(Result.Permitted.class);
    }

    /** Those that the node agent has opened, before anybody hears of them. */
    @Test
    void whatWasOpenedIsRemembered() {
        CompletableFuture<Opened> nodeAgent = new CompletableFuture<>();
        var openings = new RememberedOpenings((_, _, _, _) -> nodeAgent, names);
        var answer = openings.open(AGENT, "a.example.net", List.of("192.0.2.7", "192.0.2.8"), 60)
                .thenApply(_ -> connects("192.0.2.7", 443, "a.example.net"));

        nodeAgent.complete(Opened.of(List.of("192.0.2.7", "192.0.2.9")));
        assertThat(answer.join()).isInstanceOf(Result.Permitted.class);
        assertThat(connects("192.0.2.8", 443, "a.example.net")).as("refused").isEqualTo(OTHER);
        assertThat(connects("192.0.2.9", 443, "a.example.net"))
                .as("never asked for")
                .isEqualTo(OTHER);
    }

    private void close(String... closed) {
        names.configure(new Configure(
                Map.of(AGENT, "g"),
                Map.of("g", List.of("www.example.org", "*.example.net")),
                Map.of("g", List.of(WWW, BELOW)),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                List.of(closed),
                List.of(),
                NameLimits.DEFAULT));
    }

    /** Nothing that passes there goes on, and nothing begins, whatever was resolved. */
    @Test
    void closedAddressesEndWhatPassesThereAndOpenForNobody() {
        Permit permit = permit();
        close("192.0.2.0/30", "10.0.0.0/8");
        assertThat(names.holds(AGENT, SITE, permit)).isFalse();
        assertThat(names.holds(AGENT, "192.0.2.4", permit)).as("elsewhere").isTrue();
        assertThat(connects(SITE, 443, "www.example.org")).isEqualTo(OTHER);
        names.resolved(AGENT, "www.example.org", List.of(SITE, "192.0.2.4"), 60);
        assertThat(connects(SITE, 443, "www.example.org")).isEqualTo(OTHER);
        assertThat(connects("192.0.2.4", 443, "www.example.org")).isInstanceOf(Result.Permitted.class);
        close();
        assertThat(connects(SITE, 443, "www.example.org"))
                .as("it has to be opened again")
                .isEqualTo(OTHER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "192.0.2", "anything"})
    void whatIsClosedInNoReadableWayClosesEverything(String range) {
        Permit permit = permit();
        close("10.0.0.0/8", range);
        assertThat(names.holds(AGENT, SITE, permit)).isFalse();
        assertThat(connects(SITE, 443, "www.example.org")).isEqualTo(OTHER);
    }
}
