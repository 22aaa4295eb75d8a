package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
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

/**
 * What the host shows of its own root.
 *
 * @param own what the agent has in place of the host's
 * @param hostFolders that it may be given
 */
record HostAgentRoot(Mounts mounts, RootfsPlanner planner, Replacements own, HostFolders hostFolders)
        implements AgentRoot {
    @Override
    public Made make(SandboxSpec spec, SandboxFiles paths, IdRange ids, Opened storage)
            throws IOException, SandboxException {
        RootfsPlan plan = planner.plan(spec.mounts(), own, spec.workingDirectory());
        new RootfsBuilder(mounts)
                .build(plan, paths.root(), SandboxCreation.parameters(spec, storage, hostFolders, ids, RunAs.ROOT));
        return new Made(true, plan.masked(), RunAs.ROOT);
    }

    @Override
    public void close() {}
}
