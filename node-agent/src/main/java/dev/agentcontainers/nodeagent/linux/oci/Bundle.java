package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.linux.cgroup.Cgroups;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings.Confinement;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The configuration of an OCI bundle for a sandbox. Pure. Source: the OCI runtime specification 1.0.2, config.md and
 * config-linux.md.
 */
final class Bundle {
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static final long DEFAULT_PIDS = 512;
    private static final long OPEN_FILES = 65_536;

    private static final List<String> CAPABILITIES = List.of(
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_DAC_READ_SEARCH",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_SETGID",
            "CAP_SETUID",
            "CAP_SETPCAP",
            "CAP_LINUX_IMMUTABLE",
            "CAP_NET_BIND_SERVICE",
            "CAP_NET_BROADCAST",
            "CAP_NET_ADMIN",
            "CAP_NET_RAW",
            "CAP_IPC_LOCK",
            "CAP_IPC_OWNER",
            "CAP_SYS_MODULE",
            "CAP_SYS_RAWIO",
            "CAP_SYS_CHROOT",
            "CAP_SYS_PTRACE",
            "CAP_SYS_PACCT",
            "CAP_SYS_ADMIN",
            "CAP_SYS_BOOT",
            "CAP_SYS_NICE",
            "CAP_SYS_TIME",
            "CAP_SYS_TTY_CONFIG",
            "CAP_MKNOD",
            "CAP_LEASE",
            "CAP_AUDIT_WRITE",
            "CAP_SETFCAP");

    private static final List<String> MASKED = List.of(
            "/proc/acpi",
            "/proc/asound",
            "/proc/interrupts",
            "/proc/kallsyms",
            "/proc/kcore",
            "/proc/keys",
            "/proc/key-users",
            "/proc/latency_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/proc/sysrq-trigger",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/sys/devices/virtual/powercap",
            "/sys/firmware",
            "/sys/fs/cgroup",
            "/sys/kernel");

    private static final List<String> READ_ONLY = List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys");

    private static final ObjectMapper JSON = new ObjectMapper();

    private Bundle() {}

    /**
     * The bundle's config.json, which holds the values of Secrets in the environment.
     *
     * @param firstId the host's user and group id of the sandbox's root
     * @param mostOpenFiles the runtime's own limit, which it can't raise without CAP_SYS_RESOURCE
     */
    static byte[] config(
            SandboxSpec spec, long firstId, String cgroupPath, Confinement confinement, long mostOpenFiles) {
        ObjectNode config = JSON.createObjectNode().put("ociVersion", "1.0.2").put("hostname", spec.hostname());
        config.putObject("root").put("path", "rootfs").put("readonly", false);
        config.set("process", process(spec, confinement, Math.min(mostOpenFiles, OPEN_FILES)));
        config.set("mounts", mounts());
        ObjectNode linux = config.putObject("linux").put("cgroupsPath", cgroupPath);
        linux.set("uidMappings", mapping(firstId));
        linux.set("gidMappings", mapping(firstId));
        ArrayNode namespaces = linux.putArray("namespaces");
        for (String kind : List.of("pid", "ipc", "uts", "mount", "network", "user", "cgroup")) {
            namespaces.addObject().put("type", kind);
        }
        linux.set("resources", resources(spec.limits()));
        if (confinement == Confinement.AGENT) {
            MASKED.forEach(linux.putArray("maskedPaths")::add);
            READ_ONLY.forEach(linux.putArray("readonlyPaths")::add);
            linux.set("seccomp", seccomp());
        }
        try {
            return JSON.writeValueAsBytes(config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode process(SandboxSpec spec, Confinement confinement, long openFiles) {
        ObjectNode process = JSON.createObjectNode().put("terminal", false).put("cwd", spec.workingDirectory());
        process.putObject("user").put("uid", 0).put("gid", 0).put("umask", 0x12);
        spec.command().forEach(process.putArray("args")::add);
        ArrayNode environment = process.putArray("env");
        environment(spec).forEach((name, value) -> environment.add(name + "=" + value));
        ObjectNode capabilities = process.putObject("capabilities");
        for (String set : List.of("bounding", "effective", "permitted", "inheritable", "ambient")) {
            ArrayNode names = capabilities.putArray(set);
            if (confinement == Confinement.HOSTILE_TEST) {
                CAPABILITIES.forEach(names::add);
            }
        }
        process.put("noNewPrivileges", confinement == Confinement.AGENT);
        ArrayNode limits = process.putArray("rlimits");
        limits.addObject().put("type", "RLIMIT_NOFILE").put("soft", openFiles).put("hard", openFiles);
        limits.addObject().put("type", "RLIMIT_CORE").put("soft", 0).put("hard", 0);
        return process;
    }

    private static Map<String, String> environment(SandboxSpec spec) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("PATH", PATH);
        environment.put("HOME", home(spec));
        environment.put("HOSTNAME", spec.hostname());
        environment.putAll(spec.environment());
        return environment;
    }

    /** The first writable workspace, else the temporary folder: the root filesystem is read-only. */
    private static String home(SandboxSpec spec) {
        return spec.mounts().stream()
                .filter(mount -> mount instanceof ResolvedMount.Workspace(String _, boolean writable) && writable)
                .map(ResolvedMount::path)
                .findFirst()
                .orElse("/tmp");
    }

    private static ArrayNode mounts() {
        ArrayNode mounts = JSON.createArrayNode();
        mount(mounts, "/proc", "proc", "nosuid", "noexec", "nodev");
        mount(mounts, "/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=64k");
        mount(mounts, "/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620");
        mount(mounts, "/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=64m");
        mount(mounts, "/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev");
        mount(mounts, "/sys", "sysfs", "nosuid", "noexec", "nodev", "ro");
        return mounts;
    }

    private static void mount(ArrayNode mounts, String destination, String kind, String... options) {
        ArrayNode names = mounts.addObject()
                .put("destination", destination)
                .put("type", kind)
                .put("source", kind)
                .putArray("options");
        List.of(options).forEach(names::add);
    }

    private static ArrayNode mapping(long firstId) {
        ArrayNode mappings = JSON.createArrayNode();
        mappings.addObject().put("containerID", 0).put("hostID", firstId).put("size", IdentityRanges.SIZE);
        return mappings;
    }

    private static ObjectNode resources(ResourceAmounts limits) {
        ObjectNode resources = JSON.createObjectNode();
        limits.memoryBytes()
                .ifPresent(bytes ->
                        resources.putObject("memory").put("limit", bytes).put("swap", bytes));
        resources.putObject("pids").put("limit", limits.pids().orElse(DEFAULT_PIDS));
        limits.cpuMillis()
                .ifPresent(millis -> resources
                        .putObject("cpu")
                        .put("quota", Cgroups.quota(millis))
                        .put("period", Cgroups.CPU_PERIOD));
        return resources;
    }

    private static JsonNode seccomp() {
        try (InputStream profile = Objects.requireNonNull(
                Bundle.class.getResourceAsStream("seccomp.json"), "the seccomp profile is not in the jar")) {
            return JSON.readTree(profile);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
