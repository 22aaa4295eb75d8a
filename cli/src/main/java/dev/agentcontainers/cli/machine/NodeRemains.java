package dev.agentcontainers.cli.machine;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.nodeagent.platform.NodeRemoval;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Removes everything that a node agent has made on this machine: agents with their shims, control groups, mounts and loop
 * devices, the fence, and the files. The node agent must not run. May be repeated.
 */
public final class NodeRemains {
    private final NodeSettings settings;
    private final Set<Path> others;

    /** @param others files and folders of others in the node agent's folders, which stay */
    public NodeRemains(NodeSettings settings, Set<Path> others) {
        this.settings = settings;
        this.others = Set.copyOf(others);
    }

    /**
     * Removes it.
     *
     * @return what was removed, a line for each; empty where nothing was there
     * @throws UserException naming what could not be removed
     */
    public List<String> remove() {
        NodeTraces traces = new NodeTraces(settings, others);
        Set<String> before = traces.find();
        List<String> removed = new ArrayList<>();
        try {
            for (SandboxId id : new NodeRemoval(Platform.current(), settings).remove()) {
                removed.add("agent " + id);
            }
        } catch (SandboxException | IOException e) {
            throw new UserException(
                    "node agent " + settings.name() + " could not be removed completely, try again: " + e.getMessage());
        }
        Set<String> left = traces.find();
        before.stream().filter(trace -> !left.contains(trace)).forEach(removed::add);
        removeFolder(settings.runDirectory(), removed);
        removeFolder(settings.stateDirectory(), removed);
        if (!left.isEmpty()) {
            throw new UserException("still there of node agent " + settings.name() + ": " + String.join(", ", left));
        }
        return removed;
    }

    private void removeFolder(Path folder, List<String> removed) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try {
            Set<Path> ours = new LinkedHashSet<>();
            try (Stream<Path> children = Files.list(folder)) {
                children.filter(child -> !others.contains(child)).sorted().forEach(ours::add);
            }
            ours.forEach(FileTrees::delete);
            if (!ours.isEmpty()) {
                removed.add("files in " + folder);
            }
            Files.delete(folder);
        } catch (DirectoryNotEmptyException e) {
            return; // what others have there
        } catch (IOException e) {
            throw new UncheckedIOException("the folder " + folder + " can't be removed", e);
        }
    }
}
