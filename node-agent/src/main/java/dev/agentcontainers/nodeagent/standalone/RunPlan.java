package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.Isolation;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationClassSpec;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.Lifecycle;
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
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a run comes to: what an operator would write into a node's namespace. Pure but for the agent's UID, which is new.
 *
 * @param level that the agent's isolation is to be of
 * @param asksForLevel whether the manifest says of which
 * @param problems what of the policies allows nothing although its author may have meant it to
 */
record RunPlan(
        Assignment assignment,
        AgentNodePolicySpec policy,
        Sources sources,
        IsolationLevel level,
        boolean asksForLevel,
        List<String> problems) {
    private static final String GVISOR = "gvisor";
    private static final String MICROVM = "microvm";

    /** The classes that every installation has; others belong to a cluster. Each is of the driver of its name. */
    private static final Map<String, IsolationLevel> CLASSES = Map.of(
            "process",
            IsolationLevel.Process,
            "container",
            IsolationLevel.Container,
            GVISOR,
            IsolationLevel.UserspaceKernel,
            MICROVM,
            IsolationLevel.MicroVM);

    private static final long EPOCH = 0;

    static RunPlan of(RunObjects objects, MachineFacts machine, String nodeName) throws RefusedRunException {
        AgentContainer agent = objects.agent();
        requirePlatform(agent.getSpec().platform(), machine);
        requireNotSuspended(agent.getSpec().lifecycle());
        IsolationClass isolation = isolation(agent.getSpec());
        Sources sources = objects.sources();
        if (sources.missing().isPresent()) {
            throw new RefusedRunException(sources.missing().get() + "; add it to the manifests");
        }
        agent.getMetadata().setUid(UUID.randomUUID().toString());
        agent.getMetadata().setGeneration(1L);
        PolicySubject subject = PolicySubject.of(agent);
        CompiledPolicy compiled = PolicyCompiler.compile(subject, objects.networkPolicies(), objects.egressPolicies());
        String group = PolicyGroup.nameOf(subject);
        AgentAssignment assignment =
                new AssignmentBuilder(agent, nodeName, sources.references()).create(nodeName, isolation, group, EPOCH);
        return new RunPlan(
                AssignmentMapping.assignment(assignment),
                new AgentNodePolicySpec(EPOCH, List.of(compiled.asGroup(group))),
                sources,
                isolation.getSpec().level(),
                agent.getSpec().isolation().minimum() != null,
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

    private static void requireNotSuspended(@Nullable Lifecycle lifecycle) throws RefusedRunException {
        if (lifecycle != null && Boolean.TRUE.equals(lifecycle.suspended())) {
            throw new RefusedRunException(
                    "spec.lifecycle.suspended: is true, but nobody could resume a standalone run: leave it out");
        }
    }

    private static IsolationClass isolation(AgentContainerSpec spec) throws RefusedRunException {
        Isolation asked = spec.isolation();
        String name = className(spec, asked);
        String runs = spec.image() == null
                ? "spec.image is not set, so the agent runs this machine's own programs"
                : "spec.image is set, so the agent runs the image's programs";
        if (asked.className() != null && !CLASSES.containsKey(asked.className())) {
            throw new RefusedRunException(
                    "spec.isolation.className: there is no IsolationClass %s without a cluster; a standalone run knows %s"
                            .formatted(asked.className(), String.join(", ", new TreeSet<>(CLASSES.keySet()))));
        }
        if (asked.className() != null && !asked.className().equals(name)) {
            throw new RefusedRunException(
                    "spec.isolation.className: is %s, but %s, and a standalone run does that with %s"
                            .formatted(
                                    asked.className(),
                                    runs,
                                    spec.image() == null ? name : "container, " + GVISOR + " or " + MICROVM));
        }
        IsolationLevel level = Objects.requireNonNull(CLASSES.get(name));
        if (asked.minimum() != null && asked.minimum().compareTo(level) > 0) {
            throw new RefusedRunException(
                    "spec.isolation.minimum: is %s, but %s, and a standalone run isolates that as strongly as %s"
                            .formatted(asked.minimum(), runs, level));
        }
        IsolationClass isolation = new IsolationClass();
        isolation.setMetadata(new ObjectMetaBuilder().withName(name).build());
        isolation.setSpec(new IsolationClassSpec(name, level, null));
        return isolation;
    }

    /** The cheapest that will do. */
    private static String className(AgentContainerSpec spec, Isolation asked) {
        if (spec.image() == null) {
            return "process";
        }
        if (asked.className() != null) {
            return asked.className().equals("process") ? "container" : asked.className();
        }
        IsolationLevel minimum = Objects.requireNonNullElse(asked.minimum(), IsolationLevel.Container);
        return switch (minimum) {
            case Process, Container -> "container";
            case UserspaceKernel -> GVISOR;
            case MicroVM -> MICROVM;
        };
    }
}
