package dev.agentcontainers.cli.run;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.v1alpha1.Filesystem.EmptyDir;
import dev.agentcontainers.cli.terminal.UserException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Flags that stand for a manifest. */
final class AgentFlags {
    @Option(names = "--name", paramLabel = "NAME", description = "Name of the AgentContainer. Default: the program's.")
    private @Nullable String name;

    @Option(
            names = "--image",
            paramLabel = "IMAGE",
            description = {
                "The OCI image that the agent runs: [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST].",
                "Without a command its own. Default: none, the programs of this machine."
            })
    private @Nullable String image;

    @Option(
            names = "--pull",
            paramLabel = "WHEN",
            description = {
                "When the registry is asked for the image: always, missing or never.",
                "Default: always for the tag latest or none, else missing."
            })
    private @Nullable PullFlag pull;

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "A label. May be repeated.")
    private Map<String, String> labels = new LinkedHashMap<>();

    @Option(
            names = "--allow",
            paramLabel = "CIDR[:PORT]",
            description =
                    "Allow egress there, and nowhere else: 10.20.0.0/16:8080, 198.51.100.10:8000-8100, 10.0.0.53:53/UDP. Default: nothing. May be repeated.")
    private List<String> allow = List.of();

    @Option(
            names = "--mount",
            paramLabel = "PATH[=SOURCE]",
            description = {
                "What the agent sees at PATH. May be repeated. SOURCE is one of",
                "workspace  a directory of the agent's own, removed when the run ends (the default; workspace:ro: read-only)",
                "disk       an empty directory on the disk (disk:SIZE: with SIZE of --ephemeral-storage for it alone)",
                "memory:S   an empty directory of size S in memory, which counts as the agent's",
                "image:I    the files of the OCI image I, read-only",
                "file:F     a copy of the file F, or of the files of the folder F, read-only in the directory PATH",
                "denied     nothing"
            })
    private List<String> mounts = List.of();

    @Option(
            names = {"-e", "--env"},
            paramLabel = "NAME[=VALUE]",
            description = "An environment variable; without a value that of agentctl. May be repeated.")
    private List<String> environment = List.of();

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "PATH",
            description = "Working directory in the agent. Default: the image's, / without one.")
    private @Nullable String workingDirectory;

    @Option(names = "--cpu", paramLabel = "QUANTITY", description = "Limit of processors, for example 500m or 2.")
    private @Nullable String cpu;

    @Option(names = "--memory", paramLabel = "QUANTITY", description = "Limit of memory, for example 512Mi.")
    private @Nullable String memory;

    @Option(
            names = "--ephemeral-storage",
            paramLabel = "QUANTITY",
            description = "Limit of the workspace on disk, for example 1Gi.")
    private @Nullable String ephemeralStorage;

    @Option(names = "--pids", paramLabel = "NUMBER", description = "Limit of processes and threads. Default: 512.")
    private @Nullable Integer pids;

    @Option(
            names = "--open-files",
            paramLabel = "NUMBER",
            description = "Limit of open files of each process, 256 to 1048576. Default: 65536.")
    private @Nullable Integer openFiles;

    @Option(
            names = "--disk-read-rate",
            paramLabel = "QUANTITY",
            description = "Limit of what is read a second from each disk, for example 20Mi; at least 64Ki.")
    private @Nullable String diskReadRate;

    @Option(
            names = "--disk-write-rate",
            paramLabel = "QUANTITY",
            description = "The same of what is written; not with control groups version 1.")
    private @Nullable String diskWriteRate;

    @Option(
            names = "--network-egress-rate",
            paramLabel = "QUANTITY",
            description = "Limit of the bytes that the agent sends a second, for example 10Mi; at least 16Ki.")
    private @Nullable String networkEgressRate;

    @Option(
            names = "--network-ingress-rate",
            paramLabel = "QUANTITY",
            description = "The same of what comes to the agent.")
    private @Nullable String networkIngressRate;

    @Option(
            names = "--isolation",
            paramLabel = "CLASS",
            description = "The IsolationClass. Default: container with an image, process without one;"
                    + " gvisor has an image over gVisor's kernel, microvm in a virtual machine.")
    private @Nullable String isolation;

    @Option(names = "--deadline", paramLabel = "SECONDS", description = "Stop the agent after that time.")
    private @Nullable Long deadline;

    @Option(
            names = "--grace-period",
            paramLabel = "SECONDS",
            description = "Time between the request to stop and the kill. Default: 10.")
    private @Nullable Integer gracePeriod;

    /** The first flag that was given, to say so where none may be. */
    Optional<String> firstGiven() {
        Map<String, Boolean> given = new LinkedHashMap<>();
        given.put("--name", name != null);
        given.put("--image", image != null);
        given.put("--pull", pull != null);
        given.put("--label", !labels.isEmpty());
        given.put("--allow", !allow.isEmpty());
        given.put("--mount", !mounts.isEmpty());
        given.put("--env", !environment.isEmpty());
        given.put("--workdir", workingDirectory != null);
        given.put("--cpu", cpu != null);
        given.put("--memory", memory != null);
        given.put("--ephemeral-storage", ephemeralStorage != null);
        given.put("--pids", pids != null);
        given.put("--open-files", openFiles != null);
        given.put("--disk-read-rate", diskReadRate != null);
        given.put("--disk-write-rate", diskWriteRate != null);
        given.put("--network-egress-rate", networkEgressRate != null);
        given.put("--network-ingress-rate", networkIngressRate != null);
        given.put("--isolation", isolation != null);
        given.put("--deadline", deadline != null);
        given.put("--grace-period", gracePeriod != null);
        return given.entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Whether an image says what is run where there is no command. */
    boolean nameAnImage() {
        return image != null;
    }

    /**
     * The objects that the flags stand for, the AgentContainer last.
     *
     * @param command may be empty where the flags name an image
     */
    List<ObjectNode> objects(String namespace, List<String> command, Map<String, String> ownEnvironment) {
        List<ObjectNode> objects = new ArrayList<>();
        ObjectNode agent = JsonNodeFactory.instance.objectNode();
        agent.put("apiVersion", "agentcontainers.dev/v1alpha1").put("kind", "AgentContainer");
        String agentName = name == null ? nameOf(command.isEmpty() ? repository() : command.getFirst()) : name;
        ObjectNode metadata = agent.putObject("metadata");
        metadata.put("name", agentName).put("namespace", namespace);
        if (!labels.isEmpty()) {
            ObjectNode all = metadata.putObject("labels");
            labels.forEach(all::put);
        }
        ObjectNode spec = agent.putObject("spec");
        spec.putObject("isolation").put("className", isolation == null ? usualClass() : isolation);
        addImage(spec);
        if (!command.isEmpty()) {
            ArrayNode words = spec.putArray("command");
            command.forEach(words::add);
        }
        if (workingDirectory != null) {
            spec.put("workingDir", workingDirectory);
        }
        addEnvironment(spec, ownEnvironment);
        addResources(spec);
        addMounts(spec, agentName, namespace, objects);
        if (!allow.isEmpty()) {
            ArrayNode rules = spec.putObject("network").putArray("egress");
            allow.forEach(text -> rules.add(EgressFlag.parse(text).rule("allow-" + (rules.size() + 1))));
        }
        addLifecycle(spec);
        objects.add(agent);
        return objects;
    }

    private String usualClass() {
        return image == null ? "process" : "container";
    }

    private void addImage(ObjectNode spec) {
        if (image == null && pull != null) {
            throw new UserException("--pull goes with --image: without an image nothing is pulled", 2);
        }
        putIfGiven(spec, "image", image);
        putIfGiven(spec, "imagePullPolicy", pull == null ? null : pull.policy().name());
    }

    /** The last part of the image's repository. */
    private String repository() {
        String named = Objects.requireNonNull(image).replaceFirst("@.*", "");
        return named.substring(named.lastIndexOf('/') + 1).replaceFirst(":.*", "");
    }

    /** A DNS label made of the program's name. */
    private static String nameOf(String program) {
        String label = program.substring(program.lastIndexOf('/') + 1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^-+", "");
        return label.isEmpty()
                ? "agent"
                : label.substring(0, Math.min(label.length(), 50)).replaceAll("-+$", "");
    }

    private void addEnvironment(ObjectNode spec, Map<String, String> own) {
        for (String text : environment) {
            int equals = text.indexOf('=');
            String variable = equals < 0 ? text : text.substring(0, equals);
            String value = equals < 0 ? own.get(variable) : text.substring(equals + 1);
            if (value == null) {
                throw new UserException(
                        "--env %s: there is no such variable in the environment of agentctl; give --env %s=VALUE"
                                .formatted(variable, variable),
                        2);
            }
            spec.withArrayProperty("env").addObject().put("name", variable).put("value", value);
        }
    }

    private void addResources(ObjectNode spec) {
        ObjectNode limits = JsonNodeFactory.instance.objectNode();
        putIfGiven(limits, "cpu", cpu);
        putIfGiven(limits, "memory", memory);
        putIfGiven(limits, "ephemeral-storage", ephemeralStorage);
        if (pids != null) {
            limits.put("pids", pids);
        }
        if (openFiles != null) {
            limits.put("open-files", openFiles);
        }
        putIfGiven(limits, "disk-read-rate", diskReadRate);
        putIfGiven(limits, "disk-write-rate", diskWriteRate);
        putIfGiven(limits, "network-egress-rate", networkEgressRate);
        putIfGiven(limits, "network-ingress-rate", networkIngressRate);
        if (!limits.isEmpty()) {
            spec.putObject("resources").set("limits", limits);
        }
    }

    private static void putIfGiven(ObjectNode object, String field, @Nullable String value) {
        if (value != null) {
            object.put(field, value);
        }
    }

    private void addMounts(ObjectNode spec, String agentName, String namespace, List<ObjectNode> objects) {
        if (mounts.isEmpty()) {
            return;
        }
        ArrayNode list = spec.putObject("filesystem").putArray("mounts");
        for (String text : mounts) {
            MountFlag flag = MountFlag.parse(text);
            ObjectNode mount = list.addObject().put("path", flag.path());
            switch (flag) {
                case MountFlag.Denied _ -> mount.put("access", "Denied");
                case MountFlag.Workspace workspace -> {
                    mount.put("access", workspace.writable() ? "ReadWrite" : "ReadOnly");
                    mount.putObject("source").putObject("workspace");
                }
                case MountFlag.DiskDirectory(String _, Optional<String> sizeLimit) ->
                    putIfGiven(emptyDirectory(mount), "sizeLimit", sizeLimit.orElse(null));
                case MountFlag.MemoryDirectory(String _, String sizeLimit) ->
                    emptyDirectory(mount).put("medium", EmptyDir.MEMORY).put("sizeLimit", sizeLimit);
                case MountFlag.Image(String _, String reference) ->
                    mount.putObject("source").putObject("image").put("reference", reference);
                case MountFlag.Files files -> {
                    String map = agentName + "-files-" + (objects.size() + 1);
                    objects.add(FileConfigMap.of(map, namespace, files.source()));
                    mount.put("access", "ReadOnly");
                    mount.putObject("source").putObject("configMap").put("name", map);
                }
            }
        }
    }

    private static ObjectNode emptyDirectory(ObjectNode mount) {
        return mount.put("access", "ReadWrite").putObject("source").putObject("emptyDir");
    }

    private void addLifecycle(ObjectNode spec) {
        if (deadline == null && gracePeriod == null) {
            return;
        }
        ObjectNode lifecycle = spec.putObject("lifecycle");
        if (deadline != null) {
            lifecycle.put("deadlineSeconds", deadline);
        }
        if (gracePeriod != null) {
            lifecycle.put("terminationGracePeriodSeconds", gracePeriod);
        }
    }
}
