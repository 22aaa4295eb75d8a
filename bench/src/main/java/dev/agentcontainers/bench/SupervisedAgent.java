package dev.agentcontainers.bench;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicyGroup;
import dev.agentcontainers.policy.PolicySubject;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * The agent that benchmarks give to a supervisor in their own process: one processor, 256 MiB, 100 processes, a workspace.
 *
 * @param node that it is assigned to
 * @param image of its root; empty for the host's
 */
public record SupervisedAgent(
        String node, Assignment.Driver driver, Optional<Assignment.Image> image, List<String> command) {
    /** More than any machine has: the supervisor refuses nothing. */
    public static final ResourceAmounts CAPACITY = new ResourceAmounts(
            OptionalLong.of(1_000_000), OptionalLong.of(1L << 40), OptionalLong.empty(), OptionalLong.empty());

    /** It needs none. */
    public static final MaterialSource NO_MATERIAL = new NoMaterial();

    private static final ResourceAmounts LIMITS = new ResourceAmounts(
            OptionalLong.of(1000), OptionalLong.of(256L << 20), OptionalLong.empty(), OptionalLong.of(100));

    private static final String WORKSPACE = "/workspace";

    /** A new one of them, with the policy group of that name. */
    public Assignment assignment(String group) {
        SandboxId id = new SandboxId(UUID.randomUUID().toString());
        return new Assignment(
                id,
                new Assignment.Agent(node, "agent", id.value(), 1),
                1,
                1,
                driver,
                image,
                command,
                Optional.of("/"),
                List.of(),
                LIMITS,
                LIMITS,
                List.of(new Mount.Workspace(WORKSPACE, true)),
                RestartPolicy.Never,
                Optional.empty(),
                Duration.ZERO,
                group);
    }

    /** The same agent for the runtime alone. */
    public static SandboxSpec spec(List<String> command) {
        return new SandboxSpec(
                new SandboxId(UUID.randomUUID().toString()),
                "agent",
                Map.of(),
                command,
                "/",
                Map.of(),
                LIMITS,
                List.of(new ResolvedMount.Workspace(WORKSPACE, true)));
    }

    /**
     * The policy group of an agent with rules of its own.
     *
     * @param egress the rules as a YAML flow sequence
     */
    public static AgentNodePolicySpec.Group policy(String egress) {
        AgentContainer agent = Serialization.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: agent, namespace: bench}
                spec:
                  command: [date]
                  network: {egress: %s}
                """.formatted(egress), AgentContainer.class);
        PolicySubject subject = PolicySubject.of(agent);
        return PolicyCompiler.compile(subject, List.of()).asGroup(PolicyGroup.nameOf(subject));
    }

    private static final class NoMaterial implements MaterialSource {
        @Override
        public Optional<Map<String, byte[]>> configMap(String name) {
            return Optional.empty();
        }

        @Override
        public Optional<Map<String, byte[]>> secret(String name) {
            return Optional.empty();
        }
    }
}
