package dev.agentcontainers.nodeagent.linux.rootfs;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * How to make an agent's root.
 *
 * @param tree what the read-only tree consists of, parents before children
 * @param mounts what is mounted over it, outer ones first
 * @param masked paths of the kernel's filesystems that the runtime is to hide
 */
public record RootfsPlan(List<Operation> tree, List<RootMount> mounts, List<String> masked) {
    public RootfsPlan {
        tree = List.copyOf(tree);
        mounts = List.copyOf(mounts);
        masked = List.copyOf(masked);
    }

    /**
     * The same with a program of the root's own, directly in the root.
     *
     * @throws SandboxException of kind INVALID_SPEC where something else is to be there
     */
    public RootfsPlan with(Operation.Program program) throws SandboxException {
        if (tree.stream().anyMatch(operation -> operation.path().equals(program.path()))) {
            throw new SandboxException(
                    Step.CREATE,
                    Kind.INVALID_SPEC,
                    "spec.filesystem.mounts, spec.workingDirectory: '" + program.path()
                            + "' is the node agent's own, and nothing else can be there");
        }
        List<Operation> more = new ArrayList<>(tree);
        more.add(program);
        return new RootfsPlan(more, mounts, masked);
    }

    /** One thing to make at an absolute path inside the root. */
    public sealed interface Operation {
        String path();

        record Directory(String path, int mode) implements Operation {}

        record Link(String path, String target) implements Operation {}

        record File(String path, String content, int mode) implements Operation {}

        /** A file that everybody may execute. */
        record Program(String path, byte[] content) implements Operation {}

        /** Shows a file or directory of the host. */
        record Show(String path, String source, boolean directory) implements Operation {
            /** The one of the same path. */
            Show(String path, boolean directory) {
                this(path, path, directory);
            }
        }

        /** Shows a filesystem that the host has mounted below a shown directory. */
        record ShowMount(String path) implements Operation {}
    }
}
