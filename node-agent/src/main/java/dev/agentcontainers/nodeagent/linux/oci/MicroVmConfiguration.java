package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * What a monitor is told of its machine, as {@code micro-vm/README.md} has it. The agent's variables are the monitor's own.
 *
 * @param qemu path of the program
 * @param accelerator {@code kvm} or {@code tcg}
 * @param memoryBytes the machine's, with the page tables that the host has for it
 * @param processors the machine's
 * @param tasks how many processes and threads the agent may have
 * @param openFiles how many files each of its processes may have open
 * @param user whom the agent is run as, with no privileges
 * @param privileged whether it has every capability of the machine's kernel: for tests of what is outside of it
 * @param networkInterface whose address the machine has; where it is missing there is no network
 */
@JsonInclude(JsonInclude.Include.NON_ABSENT)
record MicroVmConfiguration(
        String qemu,
        String accelerator,
        long memoryBytes,
        int processors,
        OptionalLong tasks,
        OptionalLong openFiles,
        String hostname,
        int user,
        int group,
        List<Integer> groups,
        String workingDirectory,
        List<String> command,
        boolean privileged,
        @JsonProperty("interface") String networkInterface) {
    /** More than most agents use, and few enough for the memory that each takes. */
    private static final int MOST_PROCESSORS = 16;

    private static final ObjectMapper JSON = new ObjectMapper().registerModule(new Jdk8Module());

    MicroVmConfiguration {
        groups = List.copyOf(groups);
        command = List.copyOf(command);
    }

    static MicroVmConfiguration of(
            SandboxSpec spec, RunAs runAs, MicroVmParts parts, Accelerator accelerator, Confinement confinement) {
        return new MicroVmConfiguration(
                parts.qemu().toString(),
                accelerator.name().toLowerCase(Locale.ROOT),
                MicroVmLimits.memory(spec.limits()),
                Math.min(Runtime.getRuntime().availableProcessors(), MOST_PROCESSORS),
                spec.limits().pids(),
                spec.limits().openFiles(),
                spec.hostname(),
                runAs.user(),
                runAs.group(),
                runAs.groups(),
                spec.workingDirectory(),
                spec.command(),
                confinement == Confinement.NONE_FOR_TESTS,
                "eth0");
    }

    static MicroVmConfiguration read(Path file) throws IOException {
        return JSON.readValue(Files.readAllBytes(file), MicroVmConfiguration.class);
    }

    void write(Path file) throws IOException {
        Files.write(file, JSON.writeValueAsBytes(this));
    }
}
