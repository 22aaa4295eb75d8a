package dev.agentcontainers.nodeagent.sandbox;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the node agent is told to run, with references not yet resolved. Immutable.
 *
 * @param agent the AgentContainer it stands for
 * @param generation generation of the assignment itself
 * @param epoch epoch of the operator's leader that made it
 * @param image what it runs from; empty for the node's own programs
 * @param command program and arguments, at least one element; with an image the program and what leads its arguments,
 *     where that is not the image's own
 * @param workingDirectory absolute path inside the sandbox; empty for the image's or else /
 * @param deadline counted from the first start
 * @param gracePeriod between the request to stop and the kill; zero kills at once
 * @param probes by which it is asked whether it is well
 * @param policyGroup the policy group whose ruleset fences the agent
 * @param suspended not to run until this is false again
 */
public record Assignment(
        SandboxId id,
        Agent agent,
        long generation,
        long epoch,
        Driver driver,
        Optional<Image> image,
        List<String> command,
        Optional<String> workingDirectory,
        List<EnvironmentEntry> environment,
        ResourceAmounts requests,
        ResourceAmounts limits,
        List<Mount> mounts,
        RestartPolicy restartPolicy,
        Optional<Duration> deadline,
        Duration gracePeriod,
        Probes probes,
        String policyGroup,
        boolean suspended) {

    public Assignment {
        command = List.copyOf(command);
        environment = List.copyOf(environment);
        mounts = List.copyOf(mounts);
        // In journals of versions that knew none.
        probes = probes == null ? Probes.NONE : probes;
    }

    /** Without probes, to run at once. */
    public Assignment(
            SandboxId id,
            Agent agent,
            long generation,
            long epoch,
            Driver driver,
            Optional<Image> image,
            List<String> command,
            Optional<String> workingDirectory,
            List<EnvironmentEntry> environment,
            ResourceAmounts requests,
            ResourceAmounts limits,
            List<Mount> mounts,
            RestartPolicy restartPolicy,
            Optional<Duration> deadline,
            Duration gracePeriod,
            String policyGroup) {
        this(
                id,
                agent,
                generation,
                epoch,
                driver,
                image,
                command,
                workingDirectory,
                environment,
                requests,
                limits,
                mounts,
                restartPolicy,
                deadline,
                gracePeriod,
                Probes.NONE,
                policyGroup,
                false);
    }

    /** What it mounts of images, in the order of its mounts. */
    public List<Mount.ImageFiles> mountedImages() {
        return mounts.stream()
                .filter(Mount.ImageFiles.class::isInstance)
                .map(Mount.ImageFiles.class::cast)
                .toList();
    }

    /** Whether the node's images are needed for it at all. */
    public boolean needsImages() {
        return image.isPresent() || !mountedImages().isEmpty();
    }

    /** The AgentContainer that an assignment stands for, and the generation of it that the assignment carries. */
    public record Agent(String namespace, String name, String uid, long generation) {
        @Override
        public String toString() {
            return namespace + "/" + name;
        }
    }

    /**
     * An image from a registry.
     *
     * @param reference as {@link dev.agentcontainers.nodeagent.image.ImageReference#parse} takes it
     * @param pullPolicy empty for the usual one of the reference
     * @param pullSecrets names of Secrets that let in at registries
     * @param arguments what follows the command, where they are not the image's own
     */
    public record Image(
            String reference, Optional<PullPolicy> pullPolicy, List<String> pullSecrets, List<String> arguments) {
        public Image {
            pullSecrets = List.copyOf(pullSecrets);
            arguments = List.copyOf(arguments);
        }
    }

    /**
     * The isolation driver that is to be used.
     *
     * @param level for which it must count here for the agent to be begun; empty where the operator asks for none
     */
    public record Driver(
            String className, String name, Map<String, String> parameters, Optional<IsolationLevel> level) {
        public Driver {
            parameters = Map.copyOf(parameters);
            // In journals of versions that knew none.
            level = level == null ? Optional.empty() : level;
        }

        /** For which no level is asked. */
        public Driver(String className, String name, Map<String, String> parameters) {
            this(className, name, parameters, Optional.empty());
        }
    }

    /** An environment variable, literal or by reference into a {@link MaterialSource}. */
    public sealed interface EnvironmentEntry {
        String name();

        record Literal(String name, String value) implements EnvironmentEntry {}

        record FromSecret(String name, String secret, String key, boolean optional) implements EnvironmentEntry {}

        record FromConfigMap(String name, String configMap, String key, boolean optional) implements EnvironmentEntry {}
    }
}
