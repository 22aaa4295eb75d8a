package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageProcess;
import dev.agentcontainers.nodeagent.image.agent.AgentImage;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.Assignment.EnvironmentEntry;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Turns an assignment into what a driver realises, by reading the ConfigMaps and Secrets that it refers to, each once. */
final class Resolution {
    private static final int LONGEST_HOSTNAME = 63;

    private final MaterialSource materials;

    Resolution(MaterialSource materials) {
        this.materials = materials;
    }

    /** @param images that the assignment asks for */
    SandboxSpec resolve(Assignment assignment, HeldImages.Had images) throws SandboxException {
        Optional<AgentImage> image = images.root();
        MaterialSource read = new ReadOnce(materials);
        Map<String, String> environment = new LinkedHashMap<>();
        for (EnvironmentEntry entry : assignment.environment()) {
            value(read, entry).ifPresent(value -> environment.put(entry.name(), value));
        }
        List<ResolvedMount> mounts = new ArrayList<>();
        for (Mount mount : assignment.mounts()) {
            mounts.add(mount(read, mount, images));
        }
        ImageProcess process = process(assignment, image, environment);
        return new SandboxSpec(
                assignment.id(),
                image.<SandboxRoot>map(held -> new SandboxRoot.Image(held.layers(), process.user()))
                        .orElse(SandboxRoot.HOST),
                hostname(assignment),
                assignment.driver().parameters(),
                process.command(),
                process.workingDirectory(),
                process.environment(),
                assignment.limits(),
                assignment.requests(),
                mounts);
    }

    /** What concerns the agent's files on the disk and nothing else, for which nothing has to be read or pulled. */
    static SandboxSpec ofDisk(Assignment assignment) {
        List<ResolvedMount> mounts = new ArrayList<>();
        for (Mount mount : assignment.mounts()) {
            switch (mount) {
                case Mount.Workspace workspace ->
                    mounts.add(new ResolvedMount.Workspace(workspace.path(), workspace.writable()));
                case Mount.DiskDirectory directory ->
                    mounts.add(new ResolvedMount.DiskDirectory(directory.path(), directory.bytes()));
                case Mount.Denied _,
                        Mount.MemoryDirectory _,
                        Mount.RuntimeDirectory _,
                        Mount.HostDirectory _,
                        Mount.ImageFiles _,
                        Mount.ConfigMapFiles _,
                        Mount.SecretFiles _ -> {}
            }
        }
        return new SandboxSpec(
                assignment.id(),
                assignment.image().isPresent() ? new SandboxRoot.Image(List.of(), "") : SandboxRoot.HOST,
                hostname(assignment),
                assignment.driver().parameters(),
                List.of(),
                "/",
                Map.of(),
                assignment.limits(),
                assignment.requests(),
                mounts);
    }

    private static String hostname(Assignment assignment) {
        String name = assignment.agent().name();
        return name.length() > LONGEST_HOSTNAME ? name.substring(0, LONGEST_HOSTNAME) : name;
    }

    private static ImageProcess process(
            Assignment assignment, Optional<AgentImage> image, Map<String, String> environment)
            throws SandboxException {
        if (image.isEmpty()) {
            return new ImageProcess(
                    assignment.command(),
                    environment,
                    assignment.workingDirectory().orElse("/"),
                    "");
        }
        try {
            return ImageProcess.of(
                    image.get().configuration(),
                    assignment.command(),
                    assignment.image().map(Assignment.Image::arguments).orElse(List.of()),
                    environment,
                    assignment.workingDirectory());
        } catch (ImageException e) {
            throw new SandboxException(Step.RESOLVE, Kind.INVALID_SPEC, String.valueOf(e.getMessage()), e);
        }
    }

    private static Optional<String> value(MaterialSource materials, EnvironmentEntry entry) throws SandboxException {
        return switch (entry) {
            case EnvironmentEntry.Literal literal -> Optional.of(literal.value());
            case EnvironmentEntry.FromSecret secret ->
                key(
                        materials.secret(secret.secret()),
                        "env " + secret.name() + ": Secret",
                        secret.key(),
                        secret.optional());
            case EnvironmentEntry.FromConfigMap map ->
                key(
                        materials.configMap(map.configMap()),
                        "env " + map.name() + ": ConfigMap",
                        map.key(),
                        map.optional());
        };
    }

    private static Optional<String> key(
            Optional<Map<String, byte[]>> content, String what, String key, boolean optional) throws SandboxException {
        Optional<byte[]> value = content.map(keys -> keys.get(key));
        if (value.isEmpty() && !optional) {
            throw missing(what + (content.isEmpty() ? " is missing" : " has no key '" + key + "'"));
        }
        return value.map(bytes -> new String(bytes, StandardCharsets.UTF_8));
    }

    private static ResolvedMount mount(MaterialSource materials, Mount mount, HeldImages.Had images)
            throws SandboxException {
        return switch (mount) {
            case Mount.Denied denied -> new ResolvedMount.Denied(denied.path());
            case Mount.Workspace workspace -> new ResolvedMount.Workspace(workspace.path(), workspace.writable());
            case Mount.DiskDirectory directory -> new ResolvedMount.DiskDirectory(directory.path(), directory.bytes());
            case Mount.MemoryDirectory directory ->
                new ResolvedMount.MemoryDirectory(directory.path(), directory.bytes());
            case Mount.RuntimeDirectory directory ->
                new ResolvedMount.RuntimeDirectory(directory.path(), directory.screen());
            case Mount.HostDirectory directory ->
                new ResolvedMount.HostDirectory(directory.path(), directory.source(), directory.writable());
            case Mount.ImageFiles files ->
                new ResolvedMount.ImageFiles(
                        files.path(),
                        images.mounted(files.path())
                                .orElseThrow(() -> missing("mount " + files.path() + ": its image is not here"))
                                .layers());
            case Mount.ConfigMapFiles files ->
                new ResolvedMount.Files(
                        files.path(),
                        materials
                                .configMap(files.configMap())
                                .orElseThrow(() -> missing("mount " + files.path() + ": its ConfigMap is missing")),
                        false);
            case Mount.SecretFiles files ->
                new ResolvedMount.Files(
                        files.path(),
                        materials
                                .secret(files.secret())
                                .orElseThrow(() -> missing("mount " + files.path() + ": its Secret is missing")),
                        true);
        };
    }

    private static SandboxException missing(String message) {
        return new SandboxException(Step.RESOLVE, Kind.TRANSIENT, message);
    }

    /** One start's reads: many variables of one Secret ask for it once, and have it as it was at one time. */
    private record ReadOnce(
            MaterialSource source,
            Map<String, Optional<Map<String, byte[]>>> configMaps,
            Map<String, Optional<Map<String, byte[]>>> secrets)
            implements MaterialSource {
        ReadOnce(MaterialSource source) {
            this(source, new HashMap<>(), new HashMap<>());
        }

        @Override
        public Optional<Map<String, byte[]>> configMap(String name) throws SandboxException {
            if (!configMaps.containsKey(name)) {
                configMaps.put(name, source.configMap(name));
            }
            return configMaps.getOrDefault(name, Optional.empty());
        }

        @Override
        public Optional<Map<String, byte[]>> secret(String name) throws SandboxException {
            if (!secrets.containsKey(name)) {
                secrets.put(name, source.secret(name));
            }
            return secrets.getOrDefault(name, Optional.empty());
        }
    }
}
