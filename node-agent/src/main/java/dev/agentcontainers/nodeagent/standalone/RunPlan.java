package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.Isolation;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationClassSpec;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.Platform;
import dev.agentcontainers.assignment.AssignmentBuilder;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.assignment.reference.Sources;
import dev.agentcontainers.nodeagent.kubernetes.AssignmentMapping;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.policy.CompiledPolicy;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicyGroup;
import dev.agentcontainers.policy.PolicySubject;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a run comes to: what an operator would write into a node's namespace. Pure but for the agent's UID, which is new.
 *
 * @param problems what of the policies allows nothing although its author may have meant it to
 */
record RunPlan(Assignment assignment, AgentNodePolicySpec policy, Sources sources, List<String> problems) {
    /** The class that every installation has; others belong to a cluster. */
    static final String CLASS = "process";

    private static final long EPOCH = 0;

    static RunPlan of(RunObjects objects, MachineFacts machine, String nodeName) throws RefusedRunException {
        AgentContainer agent = objects.agent();
        requirePlatform(agent.getSpec().platform(), machine);
        requireIsolation(agent.getSpec().isolation());
        Sources sources = objects.sources();
        if (sources.missing().isPresent()) {
            throw new RefusedRunException(sources.missing().get() + "; add it to the manifests");
        }
        agent.getMetadata().setUid(UUID.randomUUID().toString());
        agent.getMetadata().setGeneration(1L);
        PolicySubject subject = PolicySubject.of(agent);
        CompiledPolicy compiled = PolicyCompiler.compile(subject, objects.networkPolicies(), objects.egressPolicies());
        String group = PolicyGroup.nameOf(subject);
        AgentAssignment assignment = new AssignmentBuilder(agent, nodeName, sources.references())
                .create(nodeName, processClass(), group, EPOCH);
        return new RunPlan(
                AssignmentMapping.assignment(assignment),
                new AgentNodePolicySpec(EPOCH, List.of(compiled.asGroup(group))),
                sources,
                compiled.problems());
    }

    private static void requirePlatform(@Nullable Platform platform, MachineFacts machine) throws RefusedRunException {
        if (platform != null && platform.os() != null && platform.os() != machine.os()) {
            throw new RefusedRunException(
                    "spec.platform.os: is %s, but this machine is %s".formatted(platform.os(), machine.os()));
        }
        if (platform != null && platform.arch() != null && platform.arch() != machine.arch()) {
            throw new RefusedRunException(
                    "spec.platform.arch: is %s, but this machine is %s".formatted(platform.arch(), machine.arch()));
        }
    }

    private static void requireIsolation(Isolation isolation) throws RefusedRunException {
        if (isolation.className() != null && !isolation.className().equals(CLASS)) {
            throw new RefusedRunException(
                    "spec.isolation.className: there is no IsolationClass %s without a cluster; a standalone run knows %s"
                            .formatted(isolation.className(), CLASS));
        }
        if (isolation.minimum() != null && isolation.minimum().compareTo(IsolationLevel.Process) > 0) {
            throw new RefusedRunException(
                    "spec.isolation.minimum: is %s, but a standalone run isolates as strongly as %s"
                            .formatted(isolation.minimum(), IsolationLevel.Process));
        }
    }

    private static IsolationClass processClass() {
        IsolationClass process = new IsolationClass();
        process.setMetadata(new ObjectMetaBuilder().withName(CLASS).build());
        process.setSpec(new IsolationClassSpec(CLASS, IsolationLevel.Process, null));
        return process;
    }
}
