package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Assignments for tests, changed one thing at a time. */
public record Assignments(Assignment assignment) {
    public static Assignments of(String id) {
        return new Assignments(new Assignment(
                new SandboxId(id),
                new Assignment.Agent("team-a", id, id, 1),
                1,
                5,
                new Assignment.Driver("process", "process", Map.of()),
                Optional.empty(),
                List.of("/bin/agent"),
                Optional.of("/workspace"),
                List.of(new Assignment.EnvironmentEntry.Literal("TASK", "x")),
                amounts(100, 1 << 20),
                amounts(1000, 1 << 24),
                List.of(new Mount.Workspace("/workspace", true)),
                RestartPolicy.Never,
                Optional.empty(),
                Duration.ZERO,
                TestNode.GROUP));
    }

    static ResourceAmounts amounts(long cpuMillis, long memory) {
        return new ResourceAmounts(
                OptionalLong.of(cpuMillis), OptionalLong.of(memory), OptionalLong.empty(), OptionalLong.empty());
    }

    Assignments restart(RestartPolicy policy) {
        return with(
                assignment.generation(),
                assignment.requests(),
                assignment.limits(),
                policy,
                assignment.deadline(),
                assignment.gracePeriod(),
                assignment.policyGroup());
    }

    Assignments deadline(Duration deadline) {
        return with(
                assignment.generation(),
                assignment.requests(),
                assignment.limits(),
                assignment.restartPolicy(),
                Optional.of(deadline),
                assignment.gracePeriod(),
                assignment.policyGroup());
    }

    Assignments grace(Duration grace) {
        return with(
                assignment.generation(),
                assignment.requests(),
                assignment.limits(),
                assignment.restartPolicy(),
                assignment.deadline(),
                grace,
                assignment.policyGroup());
    }

    Assignments requests(ResourceAmounts requests) {
        return with(
                assignment.generation(),
                requests,
                assignment.limits(),
                assignment.restartPolicy(),
                assignment.deadline(),
                assignment.gracePeriod(),
                assignment.policyGroup());
    }

    Assignments limits(ResourceAmounts limits) {
        return with(
                assignment.generation(),
                assignment.requests(),
                limits,
                assignment.restartPolicy(),
                assignment.deadline(),
                assignment.gracePeriod(),
                assignment.policyGroup());
    }

    Assignments group(String group) {
        return with(
                assignment.generation(),
                assignment.requests(),
                assignment.limits(),
                assignment.restartPolicy(),
                assignment.deadline(),
                assignment.gracePeriod(),
                group);
    }

    Assignments probes(Probes probes) {
        Assignment a = assignment;
        return new Assignments(new Assignment(
                a.id(),
                a.agent(),
                a.generation(),
                a.epoch(),
                a.driver(),
                a.image(),
                a.command(),
                a.workingDirectory(),
                a.environment(),
                a.requests(),
                a.limits(),
                a.mounts(),
                a.restartPolicy(),
                a.deadline(),
                a.gracePeriod(),
                probes,
                a.policyGroup(),
                a.suspended()));
    }

    Assignments suspended(boolean suspended) {
        Assignment a = assignment;
        return new Assignments(new Assignment(
                a.id(),
                a.agent(),
                a.generation(),
                a.epoch(),
                a.driver(),
                a.image(),
                a.command(),
                a.workingDirectory(),
                a.environment(),
                a.requests(),
                a.limits(),
                a.mounts(),
                a.restartPolicy(),
                a.deadline(),
                a.gracePeriod(),
                a.probes(),
                a.policyGroup(),
                suspended));
    }

    /** A newer generation. */
    Assignments newer() {
        return with(
                assignment.generation() + 1,
                assignment.requests(),
                assignment.limits(),
                assignment.restartPolicy(),
                assignment.deadline(),
                assignment.gracePeriod(),
                assignment.policyGroup());
    }

    Assignments epoch(long epoch) {
        return copy(epoch, assignment.driver(), assignment.environment());
    }

    Assignments driver(String driver) {
        return copy(assignment.epoch(), new Assignment.Driver(driver, driver, Map.of()), assignment.environment());
    }

    /** For which the driver must count as that. */
    Assignments level(IsolationLevel level) {
        Assignment.Driver driver = assignment.driver();
        return copy(
                assignment.epoch(),
                new Assignment.Driver(driver.className(), driver.name(), driver.parameters(), Optional.of(level)),
                assignment.environment());
    }

    /** With the keys as TOKEN, TOKEN1 and so on. */
    Assignments secret(String secret, String... keys) {
        List<Assignment.EnvironmentEntry> entries = new ArrayList<>();
        for (String key : keys) {
            String name = entries.isEmpty() ? "TOKEN" : "TOKEN" + entries.size();
            entries.add(new Assignment.EnvironmentEntry.FromSecret(name, secret, key, false));
        }
        return copy(assignment.epoch(), assignment.driver(), entries);
    }

    /** Without a command of its own. */
    Assignments image(String reference, PullPolicy policy, String... pullSecrets) {
        Assignment a = assignment;
        return new Assignments(new Assignment(
                a.id(),
                a.agent(),
                a.generation(),
                a.epoch(),
                a.driver(),
                Optional.of(new Assignment.Image(reference, Optional.of(policy), List.of(pullSecrets), List.of())),
                List.of(),
                Optional.empty(),
                a.environment(),
                a.requests(),
                a.limits(),
                a.mounts(),
                a.restartPolicy(),
                a.deadline(),
                a.gracePeriod(),
                a.probes(),
                a.policyGroup(),
                a.suspended()));
    }

    /** With mounts of images, each at its path. */
    Assignments mounting(Mount.ImageFiles... images) {
        Assignment a = assignment;
        return new Assignments(new Assignment(
                a.id(),
                a.agent(),
                a.generation(),
                a.epoch(),
                a.driver(),
                a.image(),
                a.command(),
                a.workingDirectory(),
                a.environment(),
                a.requests(),
                a.limits(),
                List.of(images),
                a.restartPolicy(),
                a.deadline(),
                a.gracePeriod(),
                a.probes(),
                a.policyGroup(),
                a.suspended()));
    }

    private Assignments copy(long epoch, Assignment.Driver driver, List<Assignment.EnvironmentEntry> environment) {
        Assignment a = assignment;
        return new Assignments(new Assignment(
                a.id(),
                a.agent(),
                a.generation(),
                epoch,
                driver,
                a.image(),
                a.command(),
                a.workingDirectory(),
                environment,
                a.requests(),
                a.limits(),
                a.mounts(),
                a.restartPolicy(),
                a.deadline(),
                a.gracePeriod(),
                a.probes(),
                a.policyGroup(),
                a.suspended()));
    }

    private Assignments with(
            long generation,
            ResourceAmounts requests,
            ResourceAmounts limits,
            RestartPolicy restartPolicy,
            Optional<Duration> deadline,
            Duration grace,
            String group) {
        Assignment a = assignment;
        return new Assignments(new Assignment(
                a.id(),
                a.agent(),
                generation,
                a.epoch(),
                a.driver(),
                a.image(),
                a.command(),
                a.workingDirectory(),
                a.environment(),
                requests,
                limits,
                a.mounts(),
                restartPolicy,
                deadline,
                grace,
                a.probes(),
                group,
                a.suspended()));
    }
}
