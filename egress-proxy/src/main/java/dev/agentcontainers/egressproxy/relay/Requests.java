package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Purse;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * By what the requests of one connection are judged and told.
 *
 * @param agent its address
 * @param way to where its connection was meant to go
 * @param tls what they are inside of, where they are
 * @param asked the name by which the agent has asked this process for the connection, as a proxy: no other counts, and the connection
 *     ends after the first, since the next may mean another place
 * @param purses give what pays for what rules with these budgets let pass
 */
record Requests(
        String agent,
        Way way,
        HttpNames names,
        Optional<Tls> tls,
        Consumer<HttpDecision> decisions,
        Clock clock,
        Optional<String> asked,
        Function<List<String>, Purse> purses) {
    /**
     * TLS that is decrypted.
     *
     * @param serverName that the agent means
     * @param front what this process is for the agent
     * @param back by whom the server has to be certified, as of now, where HTTP/2 is wanted or not; empty where nobody is trusted
     * @param permit by which the connection is decrypted
     * @param onFailure is told when the agent and this process don't come to an agreement
     */
    record Tls(
            String serverName,
            SslContext front,
            Function<Boolean, Optional<SslContext>> back,
            Permit permit,
            Runnable onFailure) {}

    /** Where its connection was meant to go. */
    InetSocketAddress to() {
        return way.to();
    }

    /** To another address of the same, where there is one. */
    Optional<Requests> byNextWay() {
        return way.next().map(next -> new Requests(agent, next, names, tls, decisions, clock, asked, purses));
    }

    HttpNames.Result judge(HttpRequest request) {
        return tls.map(Tls::serverName)
                .or(() -> asked)
                .map(name -> names.sends(agent, address(), to().getPort(), request, name))
                .orElseGet(() -> names.sends(agent, address(), to().getPort(), request));
    }

    boolean once() {
        return asked.isPresent();
    }

    boolean holds(Permit permit) {
        return names.holds(agent, address(), permit);
    }

    private String address() {
        return to().getAddress().getHostAddress();
    }

    void tell(HttpExchange exchange, HttpVerdict verdict) {
        decisions.accept(exchange.decision(
                clock.millis(), agent, to(), tls.map(Tls::serverName).orElse(null), verdict));
    }
}
