package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.image.IdMapping;
import dev.agentcontainers.nodeagent.linux.image.OverlayCalls;
import dev.agentcontainers.nodeagent.linux.landlock.FileFence;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsBuilder;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * What the host shows of its own root.
 *
 * @param own what the agent has in place of the host's
 * @param hostFolders that it may be given
 * @param mapping of the sandbox's ids, for images that are mounted; empty where none is
 * @param fence around its files, where the kernel has one
 */
record HostAgentRoot(
        Mounts mounts,
        OverlayCalls calls,
        RootfsPlanner planner,
        Replacements own,
        HostFolders hostFolders,
        Optional<IdMapping> mapping,
        Optional<FileFence> fence)
        implements AgentRoot {
    private static final RootfsBuilder.ImageVolumes NONE = (_, target) -> {
        throw new IOException("no ids are mapped for the image at " + target);
    };

    @Override
    public Made make(SandboxSpec spec, SandboxFiles paths, IdRange ids, Opened storage)
            throws IOException, SandboxException {
        RootfsPlan plan = plan(spec);
        RootfsBuilder.ImageVolumes volumes = mapping.<RootfsBuilder.ImageVolumes>map(
                        its -> new SandboxVolumes(calls, its, paths.volumes()))
                .orElse(NONE);
        new RootfsBuilder(mounts)
                .build(
                        plan,
                        paths.root(),
                        SandboxCreation.parameters(spec, storage, hostFolders, volumes, ids, RunAs.ROOT));
        if (fence.isPresent()) {
            new ProgramSearch(mounts, paths.root(), ids, RunAs.ROOT)
                    .require(spec.command().getFirst(), BundleConfiguration.path(spec), spec.workingDirectory());
        }
        return new Made(
                paths.root(),
                true,
                plan.masked(),
                RunAs.ROOT,
                fence.isPresent() ? Starter.FENCE : Starter.NONE,
                List.of());
    }

    private RootfsPlan plan(SandboxSpec spec) throws SandboxException {
        RootfsPlan plan = planner.plan(spec.mounts(), own, spec.workingDirectory());
        return fence.isPresent()
                ? plan.with(new RootfsPlan.Operation.Program(
                        FileFence.PROGRAM, fence.get().program(plan.mounts())))
                : plan;
    }

    @Override
    public void close() {
        mapping.ifPresent(IdMapping::close);
    }
}
