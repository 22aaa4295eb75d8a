package dev.agentcontainers.operator.gateway.streams;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.gateway.access.User;
import dev.agentcontainers.protocol.StreamRequest;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Writes down who looked into which agent: a log line for each stream, an Event too where it could change the agent. */
public final class StreamAudit {
    private static final Logger LOG = LoggerFactory.getLogger("dev.agentcontainers.audit");
    private static final int LONGEST_COMMAND = 1024;

    private final KubernetesClient client;
    private final Clock clock;

    public StreamAudit(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /** Blocks on the API server for what could change the agent; an Event that can't be written does not hold the stream up. */
    public void opened(User user, AgentLocator.Target target, StreamRequest request) {
        AgentContainer agent = target.agent();
        Map<String, String> fields = Map.of(
                "namespace", agent.getMetadata().getNamespace(),
                "name", agent.getMetadata().getName(),
                "node", target.node(),
                "user", user.name());
        fields.forEach(MDC::put);
        try {
            switch (request) {
                case StreamRequest.Log log ->
                    LOG.info(
                            "user {} reads the log of {}/{} on {} (follow: {})",
                            user.name(),
                            agent.getMetadata().getNamespace(),
                            agent.getMetadata().getName(),
                            target.node(),
                            log.follow());
                case StreamRequest.Egress egress ->
                    LOG.info(
                            "user {} watches the egress of {}/{} on {} (only what is denied: {})",
                            user.name(),
                            agent.getMetadata().getNamespace(),
                            agent.getMetadata().getName(),
                            target.node(),
                            egress.denied());
                // Nothing of what the agent does or says; and asked for again and again.
                case StreamRequest.Usage _ ->
                    LOG.debug(
                            "user {} asks what {}/{} on {} uses",
                            user.name(),
                            agent.getMetadata().getNamespace(),
                            agent.getMetadata().getName(),
                            target.node());
                case StreamRequest.Exec exec -> {
                    LOG.info(
                            "user {} runs in {}/{} on {} (terminal: {}): {}",
                            user.name(),
                            agent.getMetadata().getNamespace(),
                            agent.getMetadata().getName(),
                            target.node(),
                            exec.tty(),
                            shortened(exec.command().toString()));
                    emit(
                            user,
                            agent,
                            EventReason.Exec,
                            "User %s runs %s"
                                    .formatted(
                                            user.name(),
                                            shortened(exec.command().getFirst())));
                }
                case StreamRequest.Display _ -> {
                    LOG.info(
                            "user {} sees and uses the display of {}/{} on {}",
                            user.name(),
                            agent.getMetadata().getNamespace(),
                            agent.getMetadata().getName(),
                            target.node());
                    emit(user, agent, EventReason.Display, "User %s sees and uses its display".formatted(user.name()));
                }
                case StreamRequest.Save _ ->
                    LOG.info(
                            "user {} saves the files of {}/{} on {}",
                            user.name(),
                            agent.getMetadata().getNamespace(),
                            agent.getMetadata().getName(),
                            target.node());
                case StreamRequest.Restore _ -> {
                    LOG.info(
                            "user {} restores files of {}/{} on {}",
                            user.name(),
                            agent.getMetadata().getNamespace(),
                            agent.getMetadata().getName(),
                            target.node());
                    emit(user, agent, EventReason.Restore, "User %s restores its files".formatted(user.name()));
                }
            }
        } finally {
            fields.keySet().forEach(MDC::remove);
        }
    }

    /** Only the program is named: arguments may be secrets, and many may read Events. */
    private void emit(User user, AgentContainer agent, EventReason reason, String message) {
        String now = clock.instant().toString();
        Event event = new EventBuilder()
                .withNewMetadata()
                .withNamespace(agent.getMetadata().getNamespace())
                .withGenerateName(agent.getMetadata().getName() + ".")
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(agent.getApiVersion())
                .withKind(agent.getKind())
                .withNamespace(agent.getMetadata().getNamespace())
                .withName(agent.getMetadata().getName())
                .withUid(agent.getMetadata().getUid())
                .endInvolvedObject()
                .withType(reason.type().name())
                .withReason(reason.name())
                .withMessage(message)
                .withNewSource()
                .withComponent("agentcontainers-gateway")
                .endSource()
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .build();
        try {
            client.resource(event).create();
        } catch (KubernetesClientException e) {
            LOG.warn("could not write the Event {}: {}", reason, e.getMessage());
        }
    }

    private static String shortened(String text) {
        return text.length() > LONGEST_COMMAND ? text.substring(0, LONGEST_COMMAND) + "…" : text;
    }
}
