package dev.agentcontainers.localcluster.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The audit log of an API server (one {@code audit.k8s.io/v1} Event in each line).
 *
 * @param file where it is written, see {@code ControlPlane.auditLog}
 */
public record AuditLog(Path file) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> WRITES = Set.of("create", "update", "patch", "delete", "deletecollection");

    /** How far it is written now: what comes after is new. */
    public long position() throws IOException {
        return Files.size(file);
    }

    /** The writes that were answered since, refused ones included, in their order. */
    public List<Write> writesSince(long position) throws IOException {
        byte[] content = Files.readAllBytes(file);
        String added = new String(
                content, (int) position, (int) (content.length - position), java.nio.charset.StandardCharsets.UTF_8);
        List<Write> found = new ArrayList<>();
        for (String line : added.lines().toList()) {
            JsonNode event = JSON.readTree(line);
            if (WRITES.contains(event.path("verb").asText())
                    && event.path("stage").asText().equals("ResponseComplete")) {
                JsonNode object = event.path("objectRef");
                found.add(new Write(
                        Instant.parse(event.path("requestReceivedTimestamp").asText()),
                        event.path("userAgent").asText(),
                        event.path("user").path("username").asText(),
                        event.path("verb").asText(),
                        object.path("resource").asText(),
                        object.path("subresource").asText(),
                        object.path("namespace").asText(),
                        object.path("name").asText(),
                        event.path("responseStatus").path("code").asInt()));
            }
        }
        return found;
    }

    /**
     * One write.
     *
     * @param received when the API server received it
     * @param userAgent what the client calls itself
     * @param subresource empty for the object itself
     * @param name empty where the API server chose it
     * @param code of HTTP
     */
    public record Write(
            Instant received,
            String userAgent,
            String user,
            String verb,
            String resource,
            String subresource,
            String namespace,
            String name,
            int code) {
        private static final String OPERATOR = "system:serviceaccount:agentcontainers-system:agentcontainers-operator";

        public boolean byOperator() {
            return user.equals(OPERATOR);
        }

        public boolean byNodeAgent() {
            return user.startsWith("system:serviceaccount:agentnode-") && user.endsWith(":node-agent");
        }

        /** Kept apart in the count: not a step of an agent's life, but told about it or needed by it. */
        public boolean isEventOrCopy() {
            return Set.of("events", "secrets", "configmaps").contains(resource);
        }

        /** Goes on whether or not there are agents: the heartbeat, the election, the node's own status. */
        public boolean isUpkeep() {
            return resource.equals("leases") || resource.equals("agentnodes");
        }

        @Override
        public String toString() {
            String who = byOperator() ? "operator" : byNodeAgent() ? "node agent" : user;
            String what = subresource.isEmpty() ? resource : resource + "/" + subresource;
            return who + " " + verb + " " + what + (code < 300 ? "" : " (" + code + ")");
        }
    }
}
