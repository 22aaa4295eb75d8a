package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Division;
import dev.agentcontainers.nodeagent.linux.storage.StorageLimit;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceStore;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How an agent's limit of ephemeral-storage is divided: a directory with a limit of its own takes that much of it, and
 * what is left is for everything else that the agent writes. So all together are kept to the limit. Pure.
 */
final class StorageDivision {
    static final String FIELD = "spec.resources.limits.ephemeral-storage";

    /** Each costs a loop device, a mount and a thread of the host's kernel, which count for nothing of the agent's. */
    static final int MOST_PARTS = 8;

    private StorageDivision() {}

    /**
     * @param unasked the node's limit for agents that ask for none
     * @throws SandboxException of kind INVALID_SPEC where the limit can't be divided so, naming the field
     */
    static Division of(SandboxSpec spec, OptionalLong unasked) throws SandboxException {
        Map<String, StorageLimit> parts = new LinkedHashMap<>();
        long taken = 0;
        for (ResolvedMount mount : spec.mounts()) {
            if (mount instanceof ResolvedMount.DiskDirectory(String path, OptionalLong bytes) && bytes.isPresent()) {
                long size = bytes.getAsLong();
                requireEnough(sizeLimitOf(path), size);
                parts.put(path, new StorageLimit(size, true));
                if (parts.size() > MOST_PARTS) {
                    throw invalid(sizeLimitOf(path) + " is one too many: at most " + MOST_PARTS
                            + " emptyDirs on the disk can have one; leave it out, so that they share what is left");
                }
                taken += Math.min(size, Long.MAX_VALUE - taken);
            }
        }
        OptionalLong asked = spec.limits().ephemeralStorageBytes();
        if (asked.isEmpty()) {
            if (!parts.isEmpty()) {
                throw invalid(sizeLimitOf(parts.keySet().iterator().next()) + " is a part of " + FIELD
                        + ", which is not set: set it, or leave sizeLimit out");
            }
            return new Division(writesShared(spec) ? cap(unasked) : Optional.empty(), parts);
        }
        if (taken == 0) {
            requireEnough(FIELD, asked.getAsLong());
        }
        return new Division(shared(spec, asked.getAsLong(), taken), parts);
    }

    private static Optional<StorageLimit> shared(SandboxSpec spec, long asked, long taken) throws SandboxException {
        long left = asked - taken;
        boolean written = writesShared(spec);
        if (written && left >= WorkspaceStore.LEAST_LIMIT) {
            return Optional.of(new StorageLimit(left, true));
        }
        if (left < 0 || written) {
            throw invalid("%s is %d bytes, of which the sizeLimits of emptyDirs on the disk take %d; %s"
                    .formatted(
                            FIELD,
                            asked,
                            taken,
                            left < 0
                                    ? "it must be that much at least"
                                    : "what is left for everything else that the agent writes must be %d (16Mi) at least"
                                            .formatted(WorkspaceStore.LEAST_LIMIT)));
        }
        return Optional.empty();
    }

    private static Optional<StorageLimit> cap(OptionalLong unasked) {
        return unasked.isPresent() ? Optional.of(new StorageLimit(unasked.getAsLong(), false)) : Optional.empty();
    }

    /** Whether the agent can write to the disk elsewhere than in directories with a limit of their own. */
    private static boolean writesShared(SandboxSpec spec) {
        return spec.root() instanceof SandboxRoot.Image
                || spec.mounts().stream().anyMatch(mount -> switch (mount) {
                    case ResolvedMount.Workspace workspace -> workspace.writable();
                    case ResolvedMount.DiskDirectory directory ->
                        directory.bytes().isEmpty();
                    case ResolvedMount.MemoryDirectory _,
                            ResolvedMount.RuntimeDirectory _,
                            ResolvedMount.HostDirectory _,
                            ResolvedMount.ImageFiles _,
                            ResolvedMount.Files _,
                            ResolvedMount.Denied _ -> false;
                });
    }

    private static String sizeLimitOf(String path) {
        return "spec.filesystem.mounts: emptyDir.sizeLimit of '" + path + "'";
    }

    private static void requireEnough(String field, long bytes) throws SandboxException {
        if (bytes < WorkspaceStore.LEAST_LIMIT) {
            throw invalid(field + " is " + bytes + " bytes; the least that can be enforced is "
                    + WorkspaceStore.LEAST_LIMIT + " (16Mi)");
        }
    }

    private static SandboxException invalid(String message) {
        return new SandboxException(Step.PREPARE, Kind.INVALID_SPEC, message);
    }
}
