package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.linux.cgroup.LiveLimits;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.storage.Disks.Disk;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The {@code config.json} of a sandbox, see the OCI runtime specification 1.0.2. The root that it names is complete: the
 * runtime mounts only the kernel's filesystems.
 *
 * @param userNamespace which has these ids; the runtime makes the others
 * @param root what it has
 * @param kind whose kernel the agent has
 * @param cgroupPath where the runtime puts the sandbox; empty where there are no control groups
 * @param defaults variables that the agent has where its specification sets no others
 * @param mostQuota what the processor limit may be at most, in microseconds of each {@link LiveLimits#PERIOD}
 * @param swapAccounted whether this kernel can limit swap
 */
record BundleConfiguration(
        SandboxSpec spec,
        IdRange ids,
        String userNamespace,
        AgentRoot.Made root,
        DriverKind kind,
        Optional<String> cgroupPath,
        Confinement confinement,
        Map<String, String> defaults,
        OptionalLong mostQuota,
        boolean swapAccounted,
        Set<Disk> disks) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNode FILTER = SystemCallFilter.oci();
    private static final JsonNode GVISOR_FILTER = SystemCallFilter.gvisor();
    private static final JsonNode MICROVM_FILTER = SystemCallFilter.microVm();

    /** The limit by which gVisor counts an agent's processes and threads. */
    static final String PROCESSES = "RLIMIT_NPROC";

    /** Says how what runs in the sandbox is begun, in the configuration itself. */
    private static final String STARTER = "dev.agentcontainers.starter";

    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /** Every capability that Linux 6 has, in the order of linux/capability.h. */
    private static final List<String> CAPABILITIES =
            List.of(("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE"
                            + " NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO"
                            + " SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG"
                            + " MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM"
                            + " BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE")
                    .split(" "));

    private static final List<String> MASKED = List.of(
            "/proc/acpi",
            "/proc/asound",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/proc/sysrq-trigger",
            "/proc/kmsg",
            "/proc/kallsyms",
            "/proc/modules",
            "/proc/interrupts",
            "/sys/firmware",
            "/sys/devices/virtual/powercap",
            "/sys/kernel",
            "/sys/fs/cgroup",
            "/sys/module",
            "/sys/block",
            "/sys/dev/block",
            "/sys/class/dmi",
            "/sys/class/block",
            "/sys/devices/virtual/dmi",
            "/sys/devices/virtual/block");

    private static final List<String> READ_ONLY = List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys");

    byte[] toJson() {
        try {
            return JSON.writeValueAsBytes(Map.of(
                    "ociVersion", "1.0.2",
                    "process", process(),
                    "root", Map.of("path", root.place().toString(), "readonly", root.readOnly()),
                    "hostname", spec.hostname(),
                    "mounts", mounts(),
                    "linux", linux(),
                    "annotations", Map.of(STARTER, root.starter().name())));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes the specification of a further process, which is confined exactly as the agent's own. */
    static void writeProcess(Path configuration, Path target, List<String> command, boolean terminal)
            throws IOException {
        JsonNode bundle = JSON.readTree(Files.readAllBytes(configuration));
        ObjectNode process = (ObjectNode) bundle.required("process");
        Starter starter = Starter.of(bundle.path("annotations").path(STARTER).asText(), process.path("args"));
        process.set("args", JSON.valueToTree(starter.further(command, terminal)));
        process.put("terminal", terminal);
        if (terminal) {
            // crun, whose terminal nobody else can size as early, gives it to that one.
            process.putObject("consoleSize")
                    .put("height", WindowSize.DEFAULT.rows())
                    .put("width", WindowSize.DEFAULT.columns());
        }
        Files.write(target, JSON.writeValueAsBytes(process));
    }

    private Map<String, Object> process() {
        List<String> capabilities = outer() == Confinement.SHIPPED
                ? List.of()
                : CAPABILITIES.stream().map(name -> "CAP_" + name).toList();
        Map<String, Object> sets = new LinkedHashMap<>();
        for (String set : List.of("bounding", "effective", "inheritable", "permitted", "ambient")) {
            sets.put(set, capabilities);
        }
        return Map.of(
                "terminal",
                false,
                "user",
                Map.of(
                        "uid",
                        root.runAs().user(),
                        "gid",
                        root.runAs().group(),
                        "additionalGids",
                        root.runAs().groups()),
                "args",
                root.starter().first(spec.command()),
                "env",
                environment(),
                "cwd",
                root.starter().directory(spec.workingDirectory()),
                "noNewPrivileges",
                outer() == Confinement.SHIPPED,
                "capabilities",
                sets,
                "rlimits",
                rlimits());
    }

    /** What runs a virtual machine is confined in any case: what is in the machine is not confined by it. */
    private Confinement outer() {
        return kind == DriverKind.MICROVM ? Confinement.SHIPPED : confinement;
    }

    /** Of gVisor's own kernel: other processes of agents inherit theirs. */
    private List<Map<String, Object>> rlimits() {
        if (kind != DriverKind.GVISOR) {
            return List.of();
        }
        long files = spec.limits().openFiles().orElse(InheritedLimits.UNASKED_FILES);
        List<Map<String, Object>> limits =
                new ArrayList<>(List.of(rlimit("RLIMIT_NOFILE", files), rlimit("RLIMIT_CORE", 0)));
        spec.limits().pids().ifPresent(pids -> limits.add(rlimit(PROCESSES, pids)));
        return limits;
    }

    private static Map<String, Object> rlimit(String type, long value) {
        return Map.of("type", type, "soft", value, "hard", value);
    }

    private List<String> environment() {
        Map<String, String> environment = new TreeMap<>(spec.environment());
        defaults.forEach(environment::putIfAbsent);
        environment.put("PATH", path(spec));
        environment.putIfAbsent("HOSTNAME", spec.hostname());
        spec.runtimeDirectory().ifPresent(directory -> {
            environment.putIfAbsent("XDG_RUNTIME_DIR", directory);
            environment.putIfAbsent(SessionBus.VARIABLE, SessionBus.address(directory));
        });
        spec.screen().ifPresent(_ -> environment.putIfAbsent(SessionDisplay.VARIABLE, SessionDisplay.NAME));
        environment.putIfAbsent("HOME", root.runAs().home().orElseGet(this::home));
        return environment.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .toList();
    }

    /** Where its program is looked for. */
    static String path(SandboxSpec spec) {
        return spec.environment().getOrDefault("PATH", PATH);
    }

    /** A home that can be written to: the first writable workspace, otherwise /tmp. */
    private String home() {
        return spec.mounts().stream()
                .filter(mount -> mount instanceof ResolvedMount.Workspace workspace && workspace.writable())
                .map(ResolvedMount::path)
                .findFirst()
                .orElse("/tmp");
    }

    private List<Map<String, Object>> mounts() {
        List<Map<String, Object>> mounts = new ArrayList<>(kernels());
        for (GivenDevice device : root.devices()) {
            mounts.add(Map.of(
                    "destination",
                    device.path(),
                    "type",
                    "bind",
                    "source",
                    device.source().toString(),
                    "options",
                    List.of("bind", "nosuid", "noexec")));
        }
        return mounts;
    }

    private static List<Map<String, Object>> kernels() {
        return List.of(
                mount("/proc", "proc", "nosuid", "noexec", "nodev"),
                mount("/dev", "tmpfs", "nosuid", "noexec", "mode=755", "size=65536k"),
                mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
                mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=67108864"),
                mount("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
                mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"));
    }

    private static Map<String, Object> mount(String destination, String type, String... options) {
        return Map.of("destination", destination, "type", type, "source", type, "options", List.of(options));
    }

    private Map<String, Object> linux() {
        List<String> hidden = new ArrayList<>(MASKED);
        hidden.addAll(root.masked());
        List<Map<String, Object>> mapping =
                List.of(Map.of("containerID", 0, "hostID", ids.first(), "size", ids.size()));
        Map<String, Object> linux = new LinkedHashMap<>();
        linux.put("uidMappings", mapping);
        linux.put("gidMappings", mapping);
        cgroupPath.ifPresent(path -> {
            linux.put("cgroupsPath", path);
            linux.put("resources", resources());
        });
        linux.put("namespaces", namespaces());
        linux.put("maskedPaths", hidden);
        linux.put("readonlyPaths", READ_ONLY);
        if (outer() == Confinement.SHIPPED) {
            linux.put("seccomp", filter());
        }
        return linux;
    }

    private JsonNode filter() {
        return switch (kind) {
            case PROCESS, CONTAINER -> FILTER;
            case GVISOR -> GVISOR_FILTER;
            case MICROVM -> MICROVM_FILTER;
        };
    }

    /** runsc, a program of several threads, can't join a user namespace: it makes one with the same ids. */
    private List<Map<String, String>> namespaces() {
        Map<String, String> users =
                kind == DriverKind.GVISOR ? Map.of("type", "user") : Map.of("type", "user", "path", userNamespace);
        return Stream.concat(
                        Stream.of(users),
                        Stream.of("pid", "ipc", "uts", "mount", "network", "cgroup")
                                .map(type -> Map.of("type", type)))
                .toList();
    }

    private List<Map<String, Object>> devices() {
        List<Map<String, Object>> devices = new ArrayList<>(List.of(Map.of("allow", false, "access", "rwm")));
        for (GivenDevice each : root.devices()) {
            devices.add(Map.of(
                    "allow",
                    true,
                    "type",
                    "c",
                    "major",
                    each.device().major(),
                    "minor",
                    each.device().minor(),
                    "access",
                    "rw"));
        }
        return devices;
    }

    private Map<String, Object> resources() {
        ResourceAmounts limits = kind.onTheHost(spec.limits());
        Map<String, Object> resources = new LinkedHashMap<>();
        resources.put("devices", devices());
        limits.memoryBytes().ifPresent(bytes -> {
            Map<String, Object> memory = new LinkedHashMap<>();
            memory.put("limit", bytes);
            if (swapAccounted) {
                // Memory and swap together: no swap.
                memory.put("swap", bytes);
            }
            resources.put("memory", memory);
        });
        limits.pids().ifPresent(pids -> resources.put("pids", Map.of("limit", pids)));
        Map<String, Object> cpu = new LinkedHashMap<>();
        cpu.put("shares", LiveLimits.shares(spec.requests().cpuMillis()));
        limits.cpuMillis().ifPresent(millis -> {
            cpu.put("quota", Math.min(LiveLimits.quota(millis), mostQuota.orElse(Long.MAX_VALUE)));
            cpu.put("period", LiveLimits.PERIOD);
        });
        resources.put("cpu", cpu);
        if (!disks.isEmpty()) {
            resources.put("blockIO", DiskRates.blockIo(limits, disks));
        }
        return resources;
    }
}
