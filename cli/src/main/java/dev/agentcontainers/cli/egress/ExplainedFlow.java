package dev.agentcontainers.cli.egress;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.policy.Decision;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.Verdict;
import dev.agentcontainers.policy.rule.RuleSource;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a question about a flow.
 *
 * @param proxy what the node's proxy serves of it to agents that ask; null where that is not the question
 * @param enforced what the agent's condition PolicyEnforced says; null where there is none
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
record ExplainedFlow(
        String agent,
        String destination,
        boolean allowed,
        End egress,
        End ingress,
        @Nullable String proxy,
        @Nullable String enforced,
        List<String> unknown) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * What one end says.
     *
     * @param tier that decided; null where none did
     * @param policy that decided; null where none did
     * @param rule its field; null where none did
     * @param why in one sentence
     * @param considered rules that do not allow the flow, and why
     * @param remedy the smallest change that would allow it; null where it is allowed
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    record End(
            boolean allowed,
            @Nullable String tier,
            @Nullable String policy,
            @Nullable String rule,
            String why,
            List<String> considered,
            @Nullable String remedy) {
        static End of(Decision decision) {
            return switch (decision) {
                case Decision.Allowed allowed ->
                    new End(
                            true,
                            allowed.tier().title(),
                            allowed.rule().policy(),
                            allowed.rule().field(),
                            "allowed in tier %s by %s%s"
                                    .formatted(
                                            allowed.tier().title(),
                                            allowed.rule(),
                                            allowed.condition().isEmpty() ? "" : "," + allowed.condition()),
                            List.of(),
                            null);
                case Decision.Ungoverned(String why) -> new End(true, null, null, null, why, List.of(), null);
                case Decision.Denied denied ->
                    new End(
                            false,
                            null,
                            denied.rule().map(RuleSource::policy).orElse(null),
                            denied.rule().map(RuleSource::field).orElse(null),
                            denied.message(),
                            denied.considered(),
                            denied.remedy());
            };
        }
    }

    static ExplainedFlow of(
            AgentContainer agent, Flow flow, Verdict verdict, Optional<String> proxy, List<String> unknown) {
        return new ExplainedFlow(
                agent.getMetadata().getNamespace() + "/" + agent.getMetadata().getName(),
                (flow.request() == null ? "" : flow.request() + " at ") + flow.destination() + " port " + flow.port()
                        + "/" + flow.protocol(),
                verdict.isAllowed(),
                End.of(verdict.egress()),
                End.of(verdict.ingress()),
                proxy.orElse(null),
                enforced(agent).orElse(null),
                unknown);
    }

    private static Optional<String> enforced(AgentContainer agent) {
        return Optional.ofNullable(agent.getStatus()).stream()
                .flatMap(status -> Objects.requireNonNullElse(status.conditions(), List.<Condition>of()).stream())
                .filter(condition -> condition.getType().equals("PolicyEnforced"))
                .map(condition -> condition.getStatus() + ": " + condition.getMessage())
                .findFirst();
    }

    String json() {
        try {
            return JSON.writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    String text() {
        StringBuilder text = new StringBuilder();
        line(text, allowed ? "allowed" : "denied", agent + " → " + destination);
        end(text, "egress", egress);
        end(text, "ingress", ingress);
        if (proxy != null) {
            line(text, "proxy", proxy);
        }
        if (enforced != null) {
            line(text, "enforced", enforced);
        }
        unknown.forEach(each -> line(text, "unknown", each));
        return text.toString();
    }

    private static void end(StringBuilder text, String name, End end) {
        line(text, name, end.why());
        Stream.concat(end.considered().stream(), Stream.ofNullable(end.remedy()))
                .forEach(more -> line(text, "", more));
    }

    private static void line(StringBuilder text, String name, String rest) {
        text.append("%-10s".formatted(name)).append(rest).append('\n');
    }
}
