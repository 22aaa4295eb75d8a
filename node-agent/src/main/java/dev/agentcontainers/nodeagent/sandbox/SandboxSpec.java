package dev.agentcontainers.nodeagent.sandbox;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a driver realises: an assignment with every reference resolved. Holds secrets; never written to disk as a whole
 * and never logged.
 *
 * @param root what its mounts stand in
 * @param hostname host name inside the sandbox: the AgentContainer's name, shortened to 63 characters
 * @param environment names to values; the driver adds PATH, HOME and HOSTNAME where they are absent
 * @param mounts resolved mounts, no two with one path
 */
public record SandboxSpec(
        SandboxId id,
        SandboxRoot root,
        String hostname,
        Map<String, String> driverParameters,
        List<String> command,
        String workingDirectory,
        Map<String, String> environment,
        ResourceAmounts limits,
        ResourceAmounts requests,
        List<ResolvedMount> mounts) {

    /** Over the host's root; requests are the limits. */
    public SandboxSpec(
            SandboxId id,
            String hostname,
            Map<String, String> driverParameters,
            List<String> command,
            String workingDirectory,
            Map<String, String> environment,
            ResourceAmounts limits,
            List<ResolvedMount> mounts) {
        this(
                id,
                SandboxRoot.HOST,
                hostname,
                driverParameters,
                command,
                workingDirectory,
                environment,
                limits,
                limits,
                mounts);
    }

    public SandboxSpec {
        driverParameters = Map.copyOf(driverParameters);
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        mounts = List.copyOf(mounts);
    }

    /** Where a session keeps what lasts as long as it does; empty for an agent without one. */
    public Optional<String> runtimeDirectory() {
        return mounts.stream()
                .filter(ResolvedMount.RuntimeDirectory.class::isInstance)
                .map(ResolvedMount::path)
                .findFirst();
    }

    /** Of its session's display; empty for an agent without one. */
    public Optional<Screen> screen() {
        return mounts.stream()
                .filter(ResolvedMount.RuntimeDirectory.class::isInstance)
                .map(ResolvedMount.RuntimeDirectory.class::cast)
                .findFirst()
                .flatMap(ResolvedMount.RuntimeDirectory::screen);
    }

    /** A mount whose content is at hand. */
    public sealed interface ResolvedMount {
        String path();

        record Denied(String path) implements ResolvedMount {}

        record Workspace(String path, boolean writable) implements ResolvedMount {}

        /** @param bytes its own part of the sandbox's storage; empty where it shares the rest */
        record DiskDirectory(String path, OptionalLong bytes) implements ResolvedMount {}

        /** Charged to the sandbox's memory; {@code bytes} fit in. */
        record MemoryDirectory(String path, long bytes) implements ResolvedMount {}

        /** In memory, only for the agent's user. Where there is one the agent has a session, where there is a screen a display. */
        record RuntimeDirectory(String path, Optional<Screen> screen) implements ResolvedMount {
            public RuntimeDirectory(String path) {
                this(path, Optional.empty());
            }
        }

        /** @param source absolute path on the host */
        record HostDirectory(String path, String source, boolean writable) implements ResolvedMount {}

        /** Read-only files of an image. {@code layers}: directories of its unpacked layers, the lowest first. */
        record ImageFiles(String path, List<Path> layers) implements ResolvedMount {
            public ImageFiles {
                layers = List.copyOf(layers);
            }
        }

        /** Read-only files by name. {@code secret} files are kept in memory only. */
        record Files(String path, Map<String, byte[]> content, boolean secret) implements ResolvedMount {}
    }

    @Override
    public String toString() {
        return "SandboxSpec[" + id + "]";
    }
}
