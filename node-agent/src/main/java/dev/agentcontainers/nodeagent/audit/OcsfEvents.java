package dev.agentcontainers.nodeagent.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Direction;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Flow;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.protocol.names.NameServer;
import dev.agentcontainers.protocol.names.NameVerdict;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Records as events of the Open Cybersecurity Schema Framework 1.3: Network Activity (4001), HTTP Activity (4002) and DNS Activity (4003), with the
 * profile Security Control. An agent is an endpoint: its name is {@code namespace/name}, its uid that of the AgentContainer,
 * its instance that of the assignment. Used by one thread.
 *
 * @see <a href="https://schema.ocsf.io/1.3.0/classes/network_activity">Network Activity</a>
 * @see <a href="https://schema.ocsf.io/1.3.0/classes/http_activity">HTTP Activity</a>
 * @see <a href="https://schema.ocsf.io/1.3.0/classes/dns_activity">DNS Activity</a>
 */
final class OcsfEvents {
    private static final String SCHEMA = "1.3.0";
    private static final int CATEGORY = 4;
    private static final int NETWORK = 4001;
    private static final int HTTP = 4002;
    private static final int DNS = 4003;
    /** Of the methods' activities the first; the others follow as the schema has them. */
    private static final int FIRST_METHOD = 1;

    private static final List<String> METHODS =
            List.of("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE");
    private static final int OPEN = 1;
    private static final int CLOSE = 2;
    private static final int REFUSE = 5;
    private static final int TRAFFIC = 6;
    private static final int RESET = 3;
    private static final int TCP = 6;
    private static final int OTHER = 99;
    private static final int INFORMATIONAL = 1;
    private static final int LOW = 2;
    private static final int SUCCESS = 1;
    private static final int FAILURE = 2;
    static final int ALLOWED = 1;
    static final int DENIED = 2;
    private static final int BLOCKED = 2;

    private final ObjectMapper json = new ObjectMapper();
    private final String node;
    private final String version;
    private long sequence;

    /**
     * @param node where it happened
     * @param version of this program
     */
    OcsfEvents(String node, String version) {
        this.node = node;
        this.version = version;
    }

    /** One that counts by itself. */
    OcsfEvents another() {
        return new OcsfEvents(node, version);
    }

    /** One line, without its end. */
    String line(AuditRecord record) {
        return line(event(record));
    }

    /** One line, without its end. */
    String line(ObjectNode event) {
        try {
            return json.writeValueAsString(event);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an event is a tree of plain values", e);
        }
    }

    ObjectNode event(AuditRecord record) {
        return switch (record) {
            case AuditRecord.FlowOpened opened -> opened(opened);
            case AuditRecord.FlowClosed closed -> closed(closed);
            case AuditRecord.FlowDenied denied -> denied(denied);
            case AuditRecord.NameDecided decided -> decided(decided);
            case AuditRecord.TlsDecided decided -> decided(decided);
            case AuditRecord.HttpDecided decided -> decided(decided);
            case AuditRecord.BudgetUsedUp usedUp -> usedUp(usedUp);
            case AuditRecord.Missing missing -> missing(missing);
        };
    }

    private ObjectNode begin(int classUid, String className, int activity, String activityName, Instant at) {
        ObjectNode event = json.createObjectNode()
                .put("class_uid", classUid)
                .put("class_name", className)
                .put("category_uid", CATEGORY)
                .put("category_name", "Network Activity")
                .put("activity_id", activity)
                .put("activity_name", activityName)
                .put("type_uid", classUid * 100 + activity)
                .put("time", at.toEpochMilli());
        ObjectNode metadata = event.putObject("metadata").put("version", SCHEMA).put("sequence", ++sequence);
        metadata.putArray("profiles").add("security_control");
        metadata.putObject("product")
                .put("vendor_name", "agentcontainers")
                .put("name", "agentcontainers egress fence")
                .put("version", version);
        event.putObject("device").put("name", node).put("type_id", 1);
        return event;
    }

    private static void judge(ObjectNode event, boolean allowed) {
        event.put("severity_id", allowed ? INFORMATIONAL : LOW)
                .put("status_id", allowed ? SUCCESS : FAILURE)
                .put("action_id", allowed ? ALLOWED : DENIED)
                .put("action", allowed ? "Allowed" : "Denied")
                .put("disposition_id", allowed ? ALLOWED : BLOCKED)
                .put("disposition", allowed ? "Allowed" : "Blocked");
    }

    private ObjectNode opened(AuditRecord.FlowOpened record) {
        ObjectNode event = begin(NETWORK, "Network Activity", OPEN, "Open", record.at());
        judge(event, true);
        flow(event, record.flow(), record.subject(), record.peer());
        return event;
    }

    private ObjectNode closed(AuditRecord.FlowClosed record) {
        ObjectNode event = begin(NETWORK, "Network Activity", CLOSE, "Close", record.at());
        judge(event, true);
        flow(event, record.flow(), record.subject(), record.peer());
        record.lasted()
                .ifPresent(lasted -> event.put("duration", lasted.toMillis())
                        .put("start_time", record.at().minus(lasted).toEpochMilli())
                        .put("end_time", record.at().toEpochMilli()));
        record.traffic().ifPresent(traffic -> traffic(event, traffic));
        return event;
    }

    /** In and out as its source sees it. */
    private static void traffic(ObjectNode event, Traffic traffic) {
        event.putObject("traffic")
                .put("bytes", traffic.bytesSent() + traffic.bytesReceived())
                .put("bytes_out", traffic.bytesSent())
                .put("bytes_in", traffic.bytesReceived())
                .put("packets", traffic.packetsSent() + traffic.packetsReceived())
                .put("packets_out", traffic.packetsSent())
                .put("packets_in", traffic.packetsReceived());
    }

    private static void flow(ObjectNode event, Flow flow, Optional<AuditSubject> subject, Optional<AuditSubject> peer) {
        endpoints(
                event,
                flow.tuple(),
                flow.direction(),
                subject,
                peer,
                flow.permission().domain());
        connection(event, flow.tuple(), flow.direction()).put("uid", flow.id());
        subject.ifPresent(agent -> policy(event, agent));
        flow.permission().rule().ifPresent(rule -> {
            ObjectNode its = event.putObject("firewall_rule").put("name", rule);
            flow.permission().source().ifPresent(source -> its.put("uid", source));
        });
    }

    private ObjectNode denied(AuditRecord.FlowDenied record) {
        ObjectNode event = begin(NETWORK, "Network Activity", REFUSE, "Refuse", record.at());
        judge(event, false);
        endpoints(event, record.tuple(), record.direction(), record.subject(), record.peer(), record.domain());
        connection(event, record.tuple(), record.direction());
        // Whose rules said no: the receiver's, where it was they.
        boolean receivers = record.barrier() == Barrier.INGRESS && record.direction() == Direction.BETWEEN_AGENTS;
        Optional<AuditSubject> deciding = receivers ? record.peer() : record.subject();
        deciding.ifPresent(agent -> policy(event, agent));
        event.putObject("firewall_rule")
                .put("name", record.barrier().id())
                .put("category", "barrier")
                .put("desc", record.barrier().reason());
        event.put("status_detail", record.barrier().reason());
        return event;
    }

    private static void endpoints(
            ObjectNode event,
            Tuple tuple,
            Direction direction,
            Optional<AuditSubject> subject,
            Optional<AuditSubject> peer,
            Optional<String> domain) {
        ObjectNode source = endpoint(event, "src_endpoint", tuple.source(), tuple.sourcePort());
        ObjectNode destination = endpoint(event, "dst_endpoint", tuple.destination(), tuple.destinationPort());
        switch (direction) {
            case OUTBOUND -> subject.ifPresent(agent -> agent(source, agent));
            case INBOUND -> subject.ifPresent(agent -> agent(destination, agent));
            case BETWEEN_AGENTS -> {
                subject.ifPresent(agent -> agent(source, agent));
                peer.ifPresent(agent -> agent(destination, agent));
            }
        }
        domain.ifPresent(name -> destination.put("hostname", name));
    }

    private static ObjectNode endpoint(ObjectNode event, String field, String address, int port) {
        ObjectNode endpoint = event.putObject(field).put("ip", address);
        if (port > 0) {
            endpoint.put("port", port);
        }
        return endpoint;
    }

    private static void agent(ObjectNode endpoint, AuditSubject subject) {
        endpoint.put("name", subject.displayName())
                .put("instance_uid", subject.sandbox().value());
        if (subject.agent().isKnown()) {
            endpoint.put("uid", subject.agent().uid());
        }
    }

    private static ObjectNode connection(ObjectNode event, Tuple tuple, Direction direction) {
        ObjectNode connection = event.putObject("connection_info")
                .put("protocol_num", tuple.protocol())
                .put("protocol_name", protocol(tuple.protocol()));
        return switch (direction) {
            case INBOUND -> connection.put("direction_id", 1).put("direction", "Inbound");
            case OUTBOUND -> connection.put("direction_id", 2).put("direction", "Outbound");
            case BETWEEN_AGENTS -> connection.put("direction_id", 3).put("direction", "Lateral");
        };
    }

    /** As the Internet Assigned Numbers Authority calls it. */
    private static String protocol(int number) {
        return switch (number) {
            case 1 -> "icmp";
            case 4 -> "ipv4";
            case 6 -> "tcp";
            case 17 -> "udp";
            case 41 -> "ipv6";
            case 47 -> "gre";
            case 50 -> "esp";
            case 58 -> "ipv6-icmp";
            case 132 -> "sctp";
            default -> Integer.toString(number);
        };
    }

    private static void policy(ObjectNode event, AuditSubject subject) {
        ObjectNode policy = event.putObject("policy").put("name", subject.group());
        if (!subject.hash().isEmpty()) {
            policy.put("uid", subject.hash());
        }
        if (!subject.sources().isEmpty()) {
            policy.put("desc", String.join(", ", subject.sources()));
        }
    }

    private ObjectNode decided(AuditRecord.NameDecided record) {
        ObjectNode event = begin(DNS, "DNS Activity", TRAFFIC, "Traffic", record.at());
        boolean allowed = record.isAllowed();
        judge(event, allowed);
        Duration took = record.took();
        event.put("query_time", record.at().toEpochMilli())
                .put("response_time", record.at().plus(took).toEpochMilli())
                .put("duration", took.toMillis());
        ObjectNode source = event.putObject("src_endpoint").put("ip", record.address());
        record.subject().ifPresent(agent -> {
            agent(source, agent);
            policy(event, agent);
        });
        event.putObject("dst_endpoint").put("ip", NameServer.ADDRESS).put("port", 53);
        event.putObject("query").put("hostname", record.name()).put("type", record.type());
        ArrayNode answers = event.putArray("answers");
        record.addresses()
                .forEach(address ->
                        answers.addObject().put("rdata", address).put("type", address.contains(":") ? "AAAA" : "A"));
        responseCode(event, record.verdict());
        ObjectNode rule = event.putObject("firewall_rule");
        rule.put("name", record.rule().orElse("none"))
                .put("category", "name")
                .put("desc", record.verdict().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        event.put("status_detail", record.reason());
        return event;
    }

    private ObjectNode decided(AuditRecord.TlsDecided record) {
        ObjectNode event = switch (record.verdict()) {
            case PASSED -> begin(NETWORK, "Network Activity", TRAFFIC, "Traffic", record.at());
            case REVOKED -> begin(NETWORK, "Network Activity", RESET, "Reset", record.at());
            default -> begin(NETWORK, "Network Activity", REFUSE, "Refuse", record.at());
        };
        judge(event, record.isAllowed());
        event.put("duration", record.took().toMillis());
        ObjectNode source = event.putObject("src_endpoint").put("ip", record.address());
        record.subject().ifPresent(agent -> {
            agent(source, agent);
            policy(event, agent);
        });
        endpoint(event, "dst_endpoint", record.destination(), record.port());
        event.putObject("connection_info")
                .put("protocol_num", TCP)
                .put("protocol_name", protocol(TCP))
                .put("direction_id", 2)
                .put("direction", "Outbound");
        record.serverName().ifPresent(name -> event.putObject("tls").put("sni", name));
        event.putObject("firewall_rule")
                .put("name", "tls")
                .put("category", "tls")
                .put("desc", record.verdict().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        event.put("status_detail", record.reason());
        return event;
    }

    private ObjectNode decided(AuditRecord.HttpDecided record) {
        ObjectNode event = beginRequest(record);
        judge(event, record.isAllowed());
        event.put("duration", record.took().toMillis());
        ObjectNode source = event.putObject("src_endpoint").put("ip", record.address());
        record.subject().ifPresent(agent -> {
            agent(source, agent);
            policy(event, agent);
        });
        endpoint(event, "dst_endpoint", record.destination(), record.port());
        record.method().ifPresent(method -> {
            ObjectNode request = event.putObject("http_request").put("http_method", method);
            if (record.webSocket()) {
                request.putArray("http_headers")
                        .addObject()
                        .put("name", "Upgrade")
                        .put("value", "websocket");
            }
            ObjectNode url =
                    request.putObject("url").put("scheme", record.scheme()).put("port", record.port());
            record.host().ifPresent(host -> url.put("hostname", host));
            record.path().ifPresent(path -> url.put("path", path));
        });
        record.serverName().ifPresent(name -> event.putObject("tls").put("sni", name));
        if (record.status() > 0) {
            event.putObject("http_response").put("code", record.status());
        }
        event.putObject("traffic")
                .put("bytes", record.bytesSent() + record.bytesReceived())
                .put("bytes_out", record.bytesSent())
                .put("bytes_in", record.bytesReceived());
        event.putObject("firewall_rule")
                .put("name", "http")
                .put("category", "http")
                .put("desc", record.verdict().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        event.put("status_detail", record.reason());
        return event;
    }

    private ObjectNode beginRequest(AuditRecord.HttpDecided record) {
        int method = record.method().map(METHODS::indexOf).orElse(-1);
        String name = method < 0
                ? "Other"
                : METHODS.get(method).charAt(0)
                        + METHODS.get(method).substring(1).toLowerCase(Locale.ROOT);
        return begin(HTTP, "HTTP Activity", method < 0 ? OTHER : FIRST_METHOD + method, name, record.at());
    }

    /** What the agent is answered. Source: RFC 6895. */
    private static void responseCode(ObjectNode event, NameVerdict verdict) {
        switch (verdict) {
            case RESOLVED, NO_DATA -> event.put("rcode_id", 0).put("rcode", "NoError");
            case NO_SUCH_NAME -> event.put("rcode_id", 3).put("rcode", "NXDomain");
            case MALFORMED -> event.put("rcode_id", 1).put("rcode", "FormError");
            case UPSTREAM_FAILED, NOT_OPENED, TOO_MANY ->
                event.put("rcode_id", 2).put("rcode", "ServError");
            case UNKNOWN_AGENT, DENIED, TUNNEL, REFUSED_ADDRESSES ->
                event.put("rcode_id", 5).put("rcode", "Refused");
        }
    }

    private ObjectNode usedUp(AuditRecord.BudgetUsedUp record) {
        ObjectNode event = begin(NETWORK, "Network Activity", OTHER, "Budget used up", record.at());
        judge(event, false);
        event.put("status_detail", record.reason());
        ObjectNode source =
                event.putObject("src_endpoint").put("ip", record.agent().address());
        agent(source, record.agent());
        event.putObject("firewall_rule").put("name", record.use().rule()).put("category", "budget");
        event.putObject("traffic").put("bytes", record.use().used());
        return event;
    }

    private ObjectNode missing(AuditRecord.Missing record) {
        ObjectNode event = begin(NETWORK, "Network Activity", OTHER, "Unrecorded", record.at());
        event.put("severity_id", LOW).put("status_id", FAILURE).put("status_detail", record.reason());
        if (record.count() > 0) {
            event.put("count", record.count());
        }
        ObjectNode source = event.putObject("src_endpoint");
        if (record.subject().isPresent()) {
            source.put("ip", record.subject().get().address());
            agent(source, record.subject().get());
        } else {
            source.put("name", node);
        }
        return event;
    }
}
