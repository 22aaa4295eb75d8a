package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.AgentPort;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.Lifecycle;
import dev.agentcontainers.api.v1alpha1.Resources;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;

/** Specs of assignments for tests. */
final class Assignments {
    static final long EPOCH = 3;
    static final long AGENT_GENERATION = 7;

    private Assignments() {}

    static AgentAssignmentSpec spec(String uid, List<String> command) {
        return spec(uid, command, List.of(), List.of(), resources("100m", "32Mi"));
    }

    /** For which the driver must count as that. */
    static AgentAssignmentSpec spec(String uid, IsolationLevel level) {
        return spec(
                uid,
                new AgentAssignmentSpec.Driver("process", "process", Map.of(), level),
                List.of("true"),
                List.of(),
                List.of(),
                resources("100m", "32Mi"));
    }

    static AgentAssignmentSpec spec(
            String uid,
            List<String> command,
            List<EnvironmentVariable> environment,
            List<Filesystem.Mount> mounts,
            Resources resources) {
        return spec(
                uid,
                new AgentAssignmentSpec.Driver("process", "process", Map.of()),
                command,
                environment,
                mounts,
                resources);
    }

    private static AgentAssignmentSpec spec(
            String uid,
            AgentAssignmentSpec.Driver driver,
            List<String> command,
            List<EnvironmentVariable> environment,
            List<Filesystem.Mount> mounts,
            Resources resources) {
        return new AgentAssignmentSpec(
                new AgentAssignmentSpec.AgentReference("team-a", "agent-" + uid, uid, AGENT_GENERATION),
                EPOCH,
                driver,
                null,
                command,
                null,
                null,
                environment,
                List.<AgentPort>of(),
                resources,
                mounts,
                new Lifecycle(RestartPolicy.Never, null, 1, null),
                NodeFixture.GROUP);
    }

    static Resources resources(String cpu, String memory) {
        return new Resources(
                new Resources.Requests(new Quantity(cpu), new Quantity(memory), null),
                new Resources.Limits(new Quantity(cpu), new Quantity(memory), null, 64));
    }
}
