package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Something that an agent was let do or denied, or that is missing here. */
public sealed interface AuditRecord {
    Instant at();

    /** Of whom; empty where that is not known. */
    Optional<AuditSubject> subject();

    /** The other agent of this node whom it concerns. */
    default Optional<AuditSubject> peer() {
        return Optional.empty();
    }

    /** Whether it concerns that agent. */
    default boolean concerns(SandboxId id) {
        return subject().filter(each -> each.sandbox().equals(id)).isPresent()
                || peer().filter(each -> each.sandbox().equals(id)).isPresent();
    }

    /**
     * What may be shown to whoever may look at that agent: of agents of other namespaces their addresses, and neither who they are
     * nor by which of their rules.
     */
    default AuditRecord seenBy(SandboxId id) {
        return this;
    }

    /** The parties of a flow, as far as an agent's watchers may know them. */
    private static Optional<AuditSubject> seen(
            Optional<AuditSubject> party, SandboxId id, Optional<AuditSubject> one, Optional<AuditSubject> other) {
        Optional<String> namespace = Stream.of(one, other)
                .flatMap(Optional::stream)
                .filter(each -> each.sandbox().equals(id))
                .map(each -> each.agent().namespace())
                .filter(name -> !name.isEmpty())
                .findFirst();
        return party.filter(each -> each.sandbox().equals(id)
                || namespace.filter(each.agent().namespace()::equals).isPresent());
    }

    /** As seen from the subject. */
    enum Direction {
        INBOUND,
        OUTBOUND,
        /** Between two agents of this node; the subject began it. */
        BETWEEN_AGENTS
    }

    /**
     * By what something was allowed, as far as that can be told from outside the kernel.
     *
     * @param rule what of the group's ruleset, in words; empty where it has changed since
     * @param domain the name by which the agent got the other side's address
     * @param source the rule of a policy for which it counts; empty where that is not known, and for what comes to an agent
     * @param recorded false where every rule that allows it has it counted only
     */
    record Permission(Optional<String> rule, Optional<String> domain, Optional<String> source, boolean recorded) {
        static final Permission UNKNOWN = new Permission(Optional.empty(), Optional.empty());

        /** The same, where a rule has it recorded. */
        Permission whichIsRecorded() {
            return new Permission(rule, domain, source, true);
        }

        /** Of no rule that is known. */
        public Permission(Optional<String> rule, Optional<String> domain) {
            this(rule, domain, Optional.empty(), true);
        }
    }

    /**
     * Whom a flow is between.
     *
     * @param id the flow's; the same in all records of it
     */
    record Flow(String id, Tuple tuple, Direction direction, Permission permission) {
        /** The same, where a rule has it recorded. */
        Flow whichIsRecorded() {
            return new Flow(id, tuple, direction, permission.whichIsRecorded());
        }

        /** By whose rules is not known. */
        Flow unexplained() {
            return new Flow(id, tuple, direction, Permission.UNKNOWN);
        }
    }

    /** A flow was allowed and has begun. */
    record FlowOpened(Instant at, Optional<AuditSubject> subject, Optional<AuditSubject> peer, Flow flow)
            implements AuditRecord {
        @Override
        public AuditRecord seenBy(SandboxId id) {
            Optional<AuditSubject> whose = seen(subject, id, subject, peer);
            return new FlowOpened(
                    at, whose, seen(peer, id, subject, peer), whose.isPresent() ? flow : flow.unexplained());
        }
    }

    /**
     * A flow has ended.
     *
     * @param traffic as the one who began the flow sent and received it
     */
    record FlowClosed(
            Instant at,
            Optional<AuditSubject> subject,
            Optional<AuditSubject> peer,
            Flow flow,
            Optional<Traffic> traffic,
            Optional<Duration> lasted)
            implements AuditRecord {
        @Override
        public AuditRecord seenBy(SandboxId id) {
            Optional<AuditSubject> whose = seen(subject, id, subject, peer);
            return new FlowClosed(
                    at,
                    whose,
                    seen(peer, id, subject, peer),
                    whose.isPresent() ? flow : flow.unexplained(),
                    traffic,
                    lasted);
        }
    }

    /** A packet was stopped. */
    record FlowDenied(
            Instant at,
            Optional<AuditSubject> subject,
            Optional<AuditSubject> peer,
            Direction direction,
            Barrier barrier,
            Tuple tuple,
            Optional<String> domain)
            implements AuditRecord {
        @Override
        public AuditRecord seenBy(SandboxId id) {
            Optional<AuditSubject> whose = seen(subject, id, subject, peer);
            return new FlowDenied(
                    at,
                    whose,
                    seen(peer, id, subject, peer),
                    direction,
                    barrier,
                    tuple,
                    whose.isPresent() ? domain : Optional.empty());
        }
    }

    /**
     * A name was asked for.
     *
     * @param address who asked
     * @param rule the name of a rule that decided
     * @param addresses that the agent was told
     */
    record NameDecided(
            Instant at,
            Optional<AuditSubject> subject,
            String address,
            String name,
            String type,
            NameVerdict verdict,
            Optional<String> rule,
            List<String> addresses,
            Duration took)
            implements AuditRecord {
        public NameDecided {
            addresses = List.copyOf(addresses);
        }

        /** Whether the agent was let ask; it may not have got what it wanted. */
        public boolean isAllowed() {
            return switch (verdict) {
                case RESOLVED, NO_DATA, NO_SUCH_NAME, UPSTREAM_FAILED -> true;
                case UNKNOWN_AGENT, MALFORMED, DENIED, TOO_MANY, TUNNEL, REFUSED_ADDRESSES, NOT_OPENED -> false;
            };
        }

        /** For people. */
        public String reason() {
            return switch (verdict) {
                case RESOLVED -> "resolved, opened and answered";
                case NO_DATA -> "the name has nothing of that type that the agent can use";
                case NO_SUCH_NAME -> "the name does not exist";
                case UNKNOWN_AGENT -> "whoever asks is no agent that is known";
                case MALFORMED -> "the question is none that is served";
                case DENIED -> "no rule of the agent's policies allows the name";
                case TOO_MANY -> "the agent asks too often";
                case TUNNEL -> "the name looks like one that carries data out";
                case REFUSED_ADDRESSES -> "the name resolves to addresses only that no name may open";
                case UPSTREAM_FAILED -> "the resolver gave no answer";
                case NOT_OPENED -> "the addresses could not be opened";
            };
        }
    }

    /**
     * A connection to an address that is open for TLS only was looked at.
     *
     * @param address who began it
     * @param serverName that it named
     */
    record TlsDecided(
            Instant at,
            Optional<AuditSubject> subject,
            String address,
            String destination,
            int port,
            Optional<String> serverName,
            TlsVerdict verdict,
            Duration took)
            implements AuditRecord {
        public boolean isAllowed() {
            return verdict == TlsVerdict.PASSED;
        }

        /** For people. */
        public String reason() {
            return switch (verdict) {
                case PASSED -> "TLS for the name that its address was resolved for";
                case UNKNOWN_AGENT -> "whoever connects is no agent that is known";
                case NOT_TLS -> "what it sends is no TLS";
                case MALFORMED -> "its ClientHello is malformed";
                case SPLIT -> "its ClientHello is spread over several records";
                case NO_SERVER_NAME -> "its ClientHello names no server";
                case ENCRYPTED_HELLO -> "its ClientHello has an encrypted one inside";
                case OTHER_NAME -> "its ClientHello names a server that no rule allows at this address";
                case INCOMPLETE -> "no whole ClientHello came in time";
                case TOO_MANY -> "there are too many connections";
                case UNREACHABLE -> "nobody answers there";
                case NOT_CERTIFIED -> "it is to be decrypted, and there is no certificate for that";
                case NOT_AGREED ->
                    "it is to be decrypted, and the agent does not trust its authority or speaks no TLS 1.2 and HTTP/1.1";
                case BUDGET_USED_UP -> Barrier.BUDGET.reason();
                case UNCHARGED -> "nobody could charge it to a budget, or the rule with the budget has gone";
                case REVOKED -> "it was cut because its name was taken back";
            };
        }
    }

    /**
     * A request of HTTP to a name to which only some may pass; or a connection there on which none could be read.
     *
     * @param address who sent it
     * @param serverName of the TLS that it came in
     * @param path without the query
     * @param webSocket whether it asked to go on as a WebSocket
     * @param status of the answer; 0 where there was none
     */
    record HttpDecided(
            Instant at,
            Optional<AuditSubject> subject,
            String address,
            String destination,
            int port,
            Optional<String> serverName,
            Optional<String> method,
            Optional<String> host,
            Optional<String> path,
            boolean webSocket,
            HttpVerdict verdict,
            int status,
            long bytesSent,
            long bytesReceived,
            Duration took)
            implements AuditRecord {
        /** Whether it was let pass; it may not have come to an answer. */
        public boolean isAllowed() {
            return switch (verdict) {
                case PASSED, UPGRADED, UNREACHABLE, UNTRUSTED_SERVER, BROKEN -> true;
                case UNKNOWN_AGENT,
                        NOT_HTTP,
                        MALFORMED,
                        TOO_LARGE,
                        AMBIGUOUS_PATH,
                        OVERRIDDEN,
                        OTHER_PROTOCOL,
                        BAD_HANDSHAKE,
                        OTHER_HOST,
                        NO_RULE,
                        NOT_SERVED,
                        UNRESOLVED,
                        INCOMPLETE,
                        TOO_MANY,
                        BUDGET_USED_UP,
                        UNCHARGED,
                        REVOKED -> false;
            };
        }

        /** For people. */
        public String reason() {
            return switch (verdict) {
                case PASSED -> "a rule allows the request";
                case UPGRADED -> "a rule allows the request, and it goes on as a WebSocket";
                case UNKNOWN_AGENT -> "whoever connects is no agent that is known";
                case NOT_HTTP -> "what it sends is no HTTP/1.1";
                case MALFORMED -> "the message can be read in more than one way, or in none";
                case TOO_LARGE -> "the request's line or its headers are too long";
                case AMBIGUOUS_PATH -> "the path can mean different things to different servers";
                case OVERRIDDEN -> "headers of the request name another method, path or host";
                case OTHER_PROTOCOL -> "it asks for another protocol than HTTP/1.1";
                case BAD_HANDSHAKE -> "it asks for a WebSocket in another way than RFC 6455 has it";
                case OTHER_HOST -> "its Host is none that a rule allows at this address";
                case NO_RULE ->
                    webSocket
                            ? "no rule allows its method and path for a WebSocket"
                            : "no rule allows its method and path";
                case NOT_SERVED ->
                    "the proxy is asked for an address, or for a name that no rule with tls or http allows at that port";
                case UNRESOLVED ->
                    "the proxy is asked for a name that was not resolved, or to nothing that it may connect to";
                case INCOMPLETE -> "no whole request came in time";
                case TOO_MANY -> "there are too many connections";
                case UNREACHABLE -> "nobody answers there";
                case UNTRUSTED_SERVER -> "the server has no certificate for that name which the machine trusts";
                case BROKEN -> "what came back is no answer, or ended early";
                case BUDGET_USED_UP -> Barrier.BUDGET.reason();
                case UNCHARGED -> "nobody could charge it to a budget, or the rule with the budget has gone";
                case REVOKED -> "it was cut because a rule was taken back";
            };
        }

        public String scheme() {
            return serverName.isPresent() ? "https" : "http";
        }

        /** As it is written; empty where none could be read. */
        public String request() {
            if (method.equals(Optional.of("CONNECT"))) {
                return "CONNECT " + host.orElse("?");
            }
            return method.map(name -> name + " " + scheme() + "://" + host.orElse("?") + path.orElse("")
                            + (webSocket ? " (WebSocket)" : ""))
                    .orElse("");
        }
    }

    /** An agent has used up a rule's budget: from now on the rule allows it nothing. */
    record BudgetUsedUp(Instant at, AuditSubject agent, BudgetUse use) implements AuditRecord {
        @Override
        public Optional<AuditSubject> subject() {
            return Optional.of(agent);
        }

        public String reason() {
            return "the budget of " + use.bytes().orElse(0) + " bytes of " + use.rule() + " is used up";
        }
    }

    /**
     * Something is not in this record.
     *
     * @param count how much; 0 where that is not known
     * @param reason what is missing, and why
     */
    record Missing(Instant at, Optional<AuditSubject> subject, long count, String reason) implements AuditRecord {
        /** What nobody knows whose it was may have been anybody's. */
        @Override
        public boolean concerns(SandboxId id) {
            return subject.isEmpty() || AuditRecord.super.concerns(id);
        }
    }
}
