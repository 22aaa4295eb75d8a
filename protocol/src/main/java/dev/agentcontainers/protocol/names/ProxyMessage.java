package dev.agentcontainers.protocol.names;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** From an egress proxy to its node agent. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ProxyMessage.Hello.class, name = "hello"),
    @JsonSubTypes.Type(value = ProxyMessage.Open.class, name = "open"),
    @JsonSubTypes.Type(value = ProxyMessage.Certify.class, name = "certify"),
    @JsonSubTypes.Type(value = ProxyMessage.Spend.class, name = "spend"),
    @JsonSubTypes.Type(value = ProxyMessage.GiveBack.class, name = "giveBack"),
    @JsonSubTypes.Type(value = ProxyMessage.Audit.class, name = "audit"),
    @JsonSubTypes.Type(value = ProxyMessage.TlsAudit.class, name = "tlsAudit"),
    @JsonSubTypes.Type(value = ProxyMessage.HttpAudit.class, name = "httpAudit"),
    @JsonSubTypes.Type(value = ProxyMessage.Alive.class, name = "alive")
})
public sealed interface ProxyMessage {
    /** Longest message in bytes. */
    int MAXIMUM_LENGTH = 1 << 20;

    /**
     * The first message of a connection.
     *
     * @param build which build of the proxy this is
     * @param fence which fence its sockets are of, as it was told at its start
     */
    record Hello(String build, String fence) implements ProxyMessage {}

    /**
     * Asks to let an agent reach what a name has resolved to, at the ports of its group's rules for that name.
     *
     * @param request a number of this connection's own
     * @param agent the agent's address
     * @param addresses in plain notation
     */
    record Open(long request, String agent, String name, List<String> addresses, int seconds) implements ProxyMessage {
        public Open {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * Asks for a certificate of the agent's authority for a name that its group's rules let be decrypted.
     *
     * @param request a number of this connection's own, also beside those of {@link Open}
     * @param agent the agent's address
     * @param publicKey on the curve P-256, as SubjectPublicKeyInfo in Base64
     */
    record Certify(long request, String agent, String name, String publicKey) implements ProxyMessage {}

    /**
     * Asks for bytes of a rule's budget, which count as used from the answer on.
     *
     * @param request a number of this connection's own, also beside those of {@link Open}
     * @param spender who the agent is, as in {@link NodeMessage.Configure}
     * @param rule of the agent's group
     * @param bytes that are needed
     */
    record Spend(long request, String spender, String rule, long bytes) implements ProxyMessage {}

    /**
     * Of what was granted so many bytes were not needed. There is no answer.
     *
     * @param spender as in {@link Spend}
     * @param rule as in {@link Spend}
     */
    record GiveBack(String spender, String rule, long bytes) implements ProxyMessage {}

    /** The answer to {@link NodeMessage.Ask}. */
    record Alive() implements ProxyMessage {}

    /** @param dropped how many decisions were not kept since the message before */
    record Audit(List<NameDecision> decisions, long dropped) implements ProxyMessage {
        public Audit {
            decisions = List.copyOf(decisions);
        }
    }

    /** @param dropped how many decisions were not kept since the message before */
    record TlsAudit(List<TlsDecision> decisions, long dropped) implements ProxyMessage {
        public TlsAudit {
            decisions = List.copyOf(decisions);
        }
    }

    /** @param dropped how many decisions were not kept since the message before */
    record HttpAudit(List<HttpDecision> decisions, long dropped) implements ProxyMessage {
        public HttpAudit {
            decisions = List.copyOf(decisions);
        }
    }

    /**
     * A request of an agent and what became of it; or a connection on which there was none that could be read.
     *
     * @param agent address it came from
     * @param address where its connection was meant to go
     * @param serverName of the TLS that it came in, in printable characters; null where it came without
     * @param method in printable characters; null where none can be read
     * @param host that it named, in printable characters; null where none can be read
     * @param path without the query, in printable characters; null where none can be read
     * @param webSocket whether it asked to go on as a WebSocket
     * @param status of the answer, the server's or this proxy's; 0 where there was none
     * @param bytesSent of the request's content that went on, or by the WebSocket
     * @param bytesReceived of the answer's content that came back, or by the WebSocket
     * @param micros from its beginning until this
     */
    record HttpDecision(
            long epochMillis,
            String agent,
            String address,
            int port,
            @Nullable String serverName,
            @Nullable String method,
            @Nullable String host,
            @Nullable String path,
            boolean webSocket,
            HttpVerdict verdict,
            int status,
            long bytesSent,
            long bytesReceived,
            long micros) {}

    /**
     * A connection of an agent that was intercepted and what became of it.
     *
     * @param agent address it came from
     * @param address where it was meant to go
     * @param serverName that it named, in printable characters; null where it named none that can be read
     * @param micros from its beginning until this
     */
    record TlsDecision(
            long epochMillis,
            String agent,
            String address,
            int port,
            @Nullable String serverName,
            TlsVerdict verdict,
            long micros) {}

    /**
     * A question of an agent and what became of it.
     *
     * @param agent address it came from
     * @param name as it was asked for, in printable characters
     * @param type {@code A}, {@code TXT} and so on
     * @param rule the name of the rule that decided; null where none did
     * @param addresses that the agent was told
     */
    record NameDecision(
            long epochMillis,
            String agent,
            String name,
            String type,
            NameVerdict verdict,
            @Nullable String rule,
            List<String> addresses,
            long micros) {
        public NameDecision {
            addresses = List.copyOf(addresses);
        }
    }
}
