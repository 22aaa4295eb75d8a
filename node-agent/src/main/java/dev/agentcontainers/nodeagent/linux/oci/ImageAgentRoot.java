package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.image.IdMapping;
import dev.agentcontainers.nodeagent.linux.image.ImageRoot;
import dev.agentcontainers.nodeagent.linux.image.ImageUser;
import dev.agentcontainers.nodeagent.linux.image.OverlayCalls;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.ImageTree;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsBuilder;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlan;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner.Replacements;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceStore;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An image, with what the agent changes above it. What an earlier run changed is forgotten: only workspaces are kept.
 *
 * @param mapping of the sandbox's ids, made before its mount namespace is
 * @param own what the agent has in place of the image's
 * @param hostFolders that it may be given
 */
record ImageAgentRoot(
        Mounts mounts,
        OverlayCalls calls,
        IdMapping mapping,
        SandboxRoot.Image image,
        Replacements own,
        HostFolders hostFolders)
        implements AgentRoot {
    @Override
    public Made make(SandboxSpec spec, SandboxFiles paths, IdRange ids, Opened storage)
            throws IOException, SandboxException {
        Path changes = WorkspaceStore.rootChanges(storage.shared());
        DeepDeletion.delete(changes);
        Files.createDirectory(changes);
        Files.createDirectory(paths.layers());
        try {
            new ImageRoot(calls)
                    .mount(image.layers(), mapping, ids, new ImageRoot.Places(paths.layers(), changes, paths.root()));
            ImageUser user = ImageUser.in(paths.root(), image.user());
            RunAs runAs = new RunAs(user.user(), user.group(), user.groups(), Optional.of(user.home()));
            RootfsBuilder.Parameters parameters = SandboxCreation.parameters(
                    spec, storage, hostFolders, new SandboxVolumes(calls, mapping, paths.volumes()), ids, runAs);
            RootfsPlan plan =
                    new ImageTree(paths.root(), ids.first()).prepare(spec.mounts(), own, spec.workingDirectory());
            new RootfsBuilder(mounts).mountOver(plan, paths.root(), parameters);
            return new Made(paths.root(), false, plan.masked(), runAs, Starter.NONE, List.of());
        } catch (ImageException e) {
            throw new SandboxException(Step.CREATE, Kind.INVALID_SPEC, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public void close() {
        mapping.close();
    }
}
