package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * What of a specification gVisor enforces otherwise than the host's kernel does, and what it can't. An agent's processes
 * are gVisor's own, so it counts them itself, by RLIMIT_NPROC: agents have one user and can't become another. For the
 * host they come to more processes and threads, which the control group keeps within bounds.
 */
final class GvisorLimits {
    static final String PIDS_FIELD = "spec.resources.limits.pids";

    /** What gVisor and its gofer take by themselves is about 40 MiB; below this it may not come up. */
    static final long LEAST_MEMORY = 64L << 20;

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Threads of gVisor and of its gofer: of Go's runtime, and of calls that block. */
    private static final long OWN_THREADS = 512;

    private GvisorLimits() {}

    /** Refuses what would have no effect. */
    static void require(SandboxSpec spec) throws SandboxException {
        OwnKernel.require(spec, DriverKind.GVISOR, LEAST_MEMORY, "its own kernel takes about 40Mi");
    }

    /** The same, with as many processes and threads as the host sees of them at most. */
    static ResourceAmounts onTheHost(ResourceAmounts limits) {
        OptionalLong pids = limits.pids();
        return new ResourceAmounts(
                limits.cpuMillis(),
                limits.memoryBytes(),
                limits.ephemeralStorageBytes(),
                pids.isPresent() ? OptionalLong.of(hostTasks(pids.getAsLong())) : pids,
                limits.openFiles(),
                limits.diskReadRate(),
                limits.diskWriteRate(),
                limits.networkEgressRate(),
                limits.networkIngressRate());
    }

    /** Each address space has a process of gVisor's, with a thread for each processor and one more at most. */
    private static long hostTasks(long pids) {
        return OWN_THREADS + pids * (2L + Runtime.getRuntime().availableProcessors());
    }

    /** A limit that processes were begun with stays theirs. */
    static void requireSame(OptionalLong pids, Path configuration) throws IOException, SandboxException {
        OptionalLong begun = OptionalLong.empty();
        for (JsonNode limit : JSON.readTree(Files.readAllBytes(configuration)).at("/process/rlimits")) {
            if (limit.path("type").asText().equals(BundleConfiguration.PROCESSES)) {
                begun = OptionalLong.of(limit.path("hard").asLong());
            }
        }
        if (!begun.equals(pids)) {
            throw new SandboxException(
                    Step.OBSERVE,
                    Kind.UNSUPPORTED,
                    PIDS_FIELD + " can't be changed while an agent of the driver gvisor runs; limits of processors and"
                            + " memory can");
        }
    }
}
