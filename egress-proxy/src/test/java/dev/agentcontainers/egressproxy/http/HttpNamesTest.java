package dev.agentcontainers.egressproxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.egressproxy.http.HttpNames.Result;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which requests may pass where. */
class HttpNamesTest {
    private static final String AGENT = "100.80.0.2";
    private static final String OTHER_AGENT = "100.80.0.3";
    private static final String ADDRESS = "198.51.100.10";
    private static final String SITE = "www.example.org";
    private static final HttpName READ = name(SITE, 80, "GET", "/v1/*");
    private static final HttpName WRITE = name(SITE, 80, "POST", "/v1/items");
    private static final HttpName BELOW = name("*.example.net", 80, "GET", "/");

    private final AtomicLong now = new AtomicLong();
    private final HttpNames names = HttpNames.plain(now::get);

    @BeforeEach
    void allow() {
        allow(READ, BELOW);
        names.resolved(AGENT, SITE, List.of(ADDRESS), 60);
    }

    private void allow(HttpName... rules) {
        names.configure(new Configure(
                Map.of(AGENT, "g", OTHER_AGENT, "g"),
                Map.of("g", List.of(SITE, "*.example.net")),
                Map.of(),
                Map.of("g", List.of(rules)),
                List.of(),
                NameLimits.DEFAULT));
    }

    private static HttpName name(String domain, int port, String method, String path) {
        return new HttpName(domain, port, port, List.of(method), List.of(path), List.of());
    }

    private Result sends(String method, String host, String path) {
        return names.sends(AGENT, ADDRESS, 80, new HttpRequest(method, host, path));
    }

    private static Result refused(HttpVerdict why) {
        return new Result.Refused(why);
    }

    private Permit permit() {
        assertThat(sends("GET", SITE, "/v1/items")).isInstanceOf(Result.Permitted.class);
        return ((Result.Permitted) sends("GET", SITE, "/v1/items")).permit();
    }

    @Test
    void whatARuleAllowsPassesToWhereItsNameLed() {
        permit();
        assertThat(sends("POST", SITE, "/v1/items")).isEqualTo(refused(HttpVerdict.NO_RULE));
        assertThat(sends("GET", SITE, "/v2")).isEqualTo(refused(HttpVerdict.NO_RULE));
        assertThat(sends("GET", "a.example.net", "/"))
                .as("allowed, and not resolved to this address")
                .isEqualTo(refused(HttpVerdict.OTHER_HOST));
        assertThat(sends("GET", "other.example.org", "/v1/items")).isEqualTo(refused(HttpVerdict.OTHER_HOST));
        HttpRequest request = new HttpRequest("GET", SITE, "/v1/items");
        assertThat(names.sends(AGENT, ADDRESS, 81, request)).isEqualTo(refused(HttpVerdict.OTHER_HOST));
        assertThat(names.sends(AGENT, "198.51.100.11", 80, request)).isEqualTo(refused(HttpVerdict.OTHER_HOST));
        assertThat(names.sends(OTHER_AGENT, ADDRESS, 80, request)).isEqualTo(refused(HttpVerdict.OTHER_HOST));
        assertThat(names.sends("100.80.0.9", ADDRESS, 80, request)).isEqualTo(refused(HttpVerdict.UNKNOWN_AGENT));
    }

    /** A shared address: each name with its own rules. */
    @Test
    void namesOfOneAddressKeepTheirRules() {
        names.resolved(AGENT, "a.example.net", List.of(ADDRESS), 60);

        permit();
        assertThat(sends("GET", "a.example.net", "/")).isInstanceOf(Result.Permitted.class);
        assertThat(sends("GET", "a.example.net", "/v1/items")).isEqualTo(refused(HttpVerdict.NO_RULE));
        assertThat(sends("GET", SITE, "/")).isEqualTo(refused(HttpVerdict.NO_RULE));
    }

    @Test
    void whatWasResolvedIsForAWhile() {
        now.addAndGet(TimeUnit.SECONDS.toNanos(60));

        assertThat(sends("GET", SITE, "/v1/items")).isEqualTo(refused(HttpVerdict.OTHER_HOST));
    }

    @Test
    void whatIsTakenBackEndsWhatRestsOnThePort() {
        Permit permit = permit();
        allow(READ, BELOW, WRITE);
        assertThat(names.holds(AGENT, ADDRESS, permit)).as("more is allowed").isTrue();
        allow(READ, BELOW);
        assertThat(names.holds(AGENT, ADDRESS, permit))
                .as("another rule of the port is taken back")
                .isFalse();

        Permit again = permit();
        allow(READ, BELOW, name(SITE, 81, "GET", "/"));
        allow(READ, BELOW);
        assertThat(names.holds(AGENT, ADDRESS, again)).as("another port").isTrue();
        allow(name(SITE, 80, "GET", "/v1/items"), BELOW);
        assertThat(names.holds(AGENT, ADDRESS, again)).as("made narrower").isFalse();
        assertThat(names.holds(AGENT, ADDRESS, permit())).isTrue();
    }

    @Test
    void anAgentOfAnotherGroupBeginsAnew() {
        Permit permit = permit();
        names.configure(new Configure(
                Map.of(AGENT, "h"),
                Map.of("h", List.of(SITE)),
                Map.of(),
                Map.of("h", List.of(READ)),
                List.of(),
                NameLimits.DEFAULT));

        assertThat(names.holds(AGENT, ADDRESS, permit)).isFalse();
        assertThat(sends("GET", SITE, "/v1/items")).isEqualTo(refused(HttpVerdict.OTHER_HOST));
    }

    @Test
    void whatCantBeReadAllowsNothing() {
        allow(name(SITE, 80, "GET", "/a/../b"), name("not a name", 80, "GET", "/"));

        assertThat(names.has(AGENT, 80)).isFalse();
        assertThat(sends("GET", SITE, "/b")).isEqualTo(refused(HttpVerdict.OTHER_HOST));
    }

    /** Whatever rules say of the name. */
    @Test
    void closedAddressesEndWhatPassesThereAndOpenForNobody() {
        Permit permit = permit();
        Map<String, List<HttpName>> rules = Map.of("g", List.of(READ, BELOW));
        names.configure(closing(rules, "198.51.100.0/24"));
        assertThat(names.holds(AGENT, ADDRESS, permit)).isFalse();
        assertThat(names.holds(AGENT, "203.0.113.1", permit)).as("elsewhere").isTrue();
        assertThat(sends("GET", SITE, "/v1/a")).isEqualTo(refused(HttpVerdict.OTHER_HOST));
        names.resolved(AGENT, SITE, List.of(ADDRESS), 60);
        assertThat(sends("GET", SITE, "/v1/a")).isEqualTo(refused(HttpVerdict.OTHER_HOST));
        names.configure(closing(rules));
        assertThat(sends("GET", SITE, "/v1/a"))
                .as("it has to be opened again")
                .isEqualTo(refused(HttpVerdict.OTHER_HOST));
        names.resolved(AGENT, SITE, List.of(ADDRESS), 60);
        assertThat(sends("GET", SITE, "/v1/a")).isInstanceOf(Result.Permitted.class);
    }

    private static Configure closing(Map<String, List<HttpName>> rules, String... closed) {
        return new Configure(
                Map.of(AGENT, "g", OTHER_AGENT, "g"),
                Map.of("g", List.of(SITE, "*.example.net")),
                Map.of(),
                rules,
                Map.of(),
                Map.of(),
                Map.of(),
                List.of(closed),
                List.of(),
                NameLimits.DEFAULT);
    }
}
