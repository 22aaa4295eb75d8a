package dev.agentcontainers.protocol.names;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** From a node agent to its egress proxy. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = NodeMessage.Configure.class, name = "configure"),
    @JsonSubTypes.Type(value = NodeMessage.Opened.class, name = "opened"),
    @JsonSubTypes.Type(value = NodeMessage.Refused.class, name = "refused"),
    @JsonSubTypes.Type(value = NodeMessage.Forget.class, name = "forget"),
    @JsonSubTypes.Type(value = NodeMessage.Certified.class, name = "certified"),
    @JsonSubTypes.Type(value = NodeMessage.Trust.class, name = "trust"),
    @JsonSubTypes.Type(value = NodeMessage.Granted.class, name = "granted"),
    @JsonSubTypes.Type(value = NodeMessage.Ask.class, name = "ask")
})
public sealed interface NodeMessage {
    /** Longest message in bytes: some hundred groups with some hundred names each. */
    int MAXIMUM_LENGTH = 16 << 20;

    /**
     * What holds from now on, in place of all that was said before.
     *
     * @param agents each agent's address and its group
     * @param groups each group's name and the names that it may resolve, as {@code www.example.org} or {@code *.example.org}
     * @param tlsNames for groups that have such: which of these names may be reached by TLS for that very name, and at which ports
     * @param httpNames for groups that have such: to which of these names which requests of HTTP may pass
     * @param httpsNames the same inside TLS for that very name, which is decrypted
     * @param directNames for groups that have names to intercept: those that their agents reach without this process, whatever else is
     *     said of them, each as in the groups' names
     * @param authorities for agents of groups that have such, by their addresses: another text where the agent's authority is another
     * @param closed ranges of IPv4 that no name leads to, and to which nothing goes on either that has begun before
     * @param upstreams whom to ask, as {@code 192.0.2.1:53}, in this order
     * @param budgets for groups that have such: the rules with budgets that names are charged to here
     * @param spenders for agents of such groups, by their addresses: who the agent is, whatever address another had before
     */
    record Configure(
            Map<String, String> agents,
            Map<String, List<String>> groups,
            Map<String, List<TlsName>> tlsNames,
            Map<String, List<HttpName>> httpNames,
            Map<String, List<HttpName>> httpsNames,
            Map<String, List<DirectName>> directNames,
            Map<String, String> authorities,
            List<String> closed,
            List<String> upstreams,
            NameLimits limits,
            Map<String, List<Budget>> budgets,
            Map<String, String> spenders)
            implements NodeMessage {
        public Configure {
            agents = Map.copyOf(agents);
            groups = Map.copyOf(groups);
            tlsNames = Map.copyOf(tlsNames);
            httpNames = Map.copyOf(httpNames);
            httpsNames = Map.copyOf(httpsNames);
            directNames = Map.copyOf(directNames);
            authorities = Map.copyOf(authorities);
            closed = List.copyOf(closed);
            upstreams = List.copyOf(upstreams);
            budgets = Map.copyOf(budgets);
            spenders = Map.copyOf(spenders);
        }

        /** Without budgets. */
        public Configure(
                Map<String, String> agents,
                Map<String, List<String>> groups,
                Map<String, List<TlsName>> tlsNames,
                Map<String, List<HttpName>> httpNames,
                Map<String, List<HttpName>> httpsNames,
                Map<String, List<DirectName>> directNames,
                Map<String, String> authorities,
                List<String> closed,
                List<String> upstreams,
                NameLimits limits) {
            this(
                    agents,
                    groups,
                    tlsNames,
                    httpNames,
                    httpsNames,
                    directNames,
                    authorities,
                    closed,
                    upstreams,
                    limits,
                    Map.of(),
                    Map.of());
        }

        /** With all that is intercepted, and nothing that is closed or reached directly beside it. */
        public Configure(
                Map<String, String> agents,
                Map<String, List<String>> groups,
                Map<String, List<TlsName>> tlsNames,
                Map<String, List<HttpName>> httpNames,
                Map<String, List<HttpName>> httpsNames,
                Map<String, String> authorities,
                List<String> upstreams,
                NameLimits limits) {
            this(agents, groups, tlsNames, httpNames, httpsNames, Map.of(), authorities, List.of(), upstreams, limits);
        }

        /** Without rules about requests. */
        public Configure(
                Map<String, String> agents,
                Map<String, List<String>> groups,
                Map<String, List<TlsName>> tlsNames,
                List<String> upstreams,
                NameLimits limits) {
            this(agents, groups, tlsNames, Map.of(), upstreams, limits);
        }

        /** Without rules about requests inside TLS. */
        public Configure(
                Map<String, String> agents,
                Map<String, List<String>> groups,
                Map<String, List<TlsName>> tlsNames,
                Map<String, List<HttpName>> httpNames,
                List<String> upstreams,
                NameLimits limits) {
            this(agents, groups, tlsNames, httpNames, Map.of(), Map.of(), upstreams, limits);
        }

        /** Nobody may resolve anything. */
        public static Configure nothing() {
            return new Configure(Map.of(), Map.of(), Map.of(), List.of(), NameLimits.DEFAULT);
        }
    }

    /**
     * A name that may be reached by TLS alone.
     *
     * @param domain as in the groups' names
     * @param port the first
     * @param endPort the last
     * @param budget the rule whose budget is charged; null where none is. What several allow is charged to the first that has room, in the
     *     order in which they are told, or to none where one of them has no budget
     */
    record TlsName(
            String domain, int port, int endPort, @Nullable String budget) {
        /** Without a budget. */
        public TlsName(String domain, int port, int endPort) {
            this(domain, port, endPort, null);
        }
    }

    /**
     * What is charged by who relays.
     *
     * @param rule the policy and the field of the rule
     * @param bytes in the agent's life; null: any number
     * @param rate bytes in a second; null: any number
     */
    record Budget(
            String rule, @Nullable Long bytes, @Nullable Long rate) {}

    /**
     * A name that agents reach by TCP without this process, by rules that don't look at what passes.
     *
     * @param domain as in the groups' names
     * @param port the first
     * @param endPort the last
     */
    record DirectName(String domain, int port, int endPort) {}

    /**
     * A name to which only some requests of HTTP may pass: each of the methods, at each of the paths, of each of the hosts.
     *
     * @param domain as in the groups' names
     * @param port the first
     * @param endPort the last
     * @param methods {@code *} for all
     * @param paths with a final {@code *} all that begin so
     * @param hosts empty: the very name that was resolved
     * @param webSocket whether GETs among them may go on as WebSockets
     * @param budget as in {@link TlsName}
     */
    record HttpName(
            String domain,
            int port,
            int endPort,
            List<String> methods,
            List<String> paths,
            List<String> hosts,
            boolean webSocket,
            @Nullable String budget) {
        /** Without a budget. */
        public HttpName(
                String domain,
                int port,
                int endPort,
                List<String> methods,
                List<String> paths,
                List<String> hosts,
                boolean webSocket) {
            this(domain, port, endPort, methods, paths, hosts, webSocket, null);
        }

        /** Without WebSockets. */
        public HttpName(
                String domain, int port, int endPort, List<String> methods, List<String> paths, List<String> hosts) {
            this(domain, port, endPort, methods, paths, hosts, false);
        }

        public HttpName {
            methods = List.copyOf(methods);
            paths = List.copyOf(paths);
            hosts = List.copyOf(hosts);
        }
    }

    /**
     * The kernel lets the agent reach these now, for the time that was asked for, or did before.
     *
     * @param request number of the {@link ProxyMessage.Open}
     * @param addresses which of those that were asked for; the others were refused
     * @param intercepted by address, those ports of TCP at which this process may connect to it for this very agent: the agent's own connections
     *     are handed over there, or would be but for a rule with addresses, and no such rule charges a budget; addresses without are left
     *     out
     */
    record Opened(long request, List<String> addresses, Map<String, List<Integer>> intercepted) implements NodeMessage {
        public Opened {
            addresses = List.copyOf(addresses);
            intercepted = Map.copyOf(intercepted);
        }

        /** Where nothing is handed over. */
        public Opened(long request, List<String> addresses) {
            this(request, addresses, Map.of());
        }
    }

    /**
     * The agent's authority has signed.
     *
     * @param request number of the {@link ProxyMessage.Certify}
     * @param certificate of the name, as X.509 in Base64
     */
    record Certified(long request, String certificate) implements NodeMessage {}

    /**
     * By whom servers must be certified, in place of all that was said before. Until it is said nobody is trusted.
     *
     * @param roots certificates as X.509 in Base64
     */
    record Trust(List<String> roots) implements NodeMessage {
        public Trust {
            roots = List.copyOf(roots);
        }
    }

    /**
     * So many bytes of a budget may pass, which count as used.
     *
     * @param request number of the {@link ProxyMessage.Spend}
     * @param bytes fewer than were asked for where there are no more, which may be none
     */
    record Granted(long request, long bytes) implements NodeMessage {}

    /** Nothing was opened, signed or granted, and why. */
    record Refused(long request, String reason) implements NodeMessage {}

    /** What was opened before this may be closed by now, and has to be asked for again. */
    record Forget() implements NodeMessage {}

    /** Asks for a {@link ProxyMessage.Alive}, which only a proxy can give that still works off what comes. */
    record Ask() implements NodeMessage {}
}
