package dev.agentcontainers.nodeagent.linux.oci;

import java.nio.file.Path;
import java.util.UUID;

/**
 * Where the files of one exec are: in the sandbox's bundle, which only the sandbox's shim has mounted, and which is outside of
 * every root that an agent has. One of them holds the agent's environment.
 *
 * @param shimPid in whose mount namespace the runtime is run
 * @param name of this exec
 */
record ExecPlace(SandboxFiles files, long shimPid, String name) {
    static ExecPlace of(SandboxFiles files, long shimPid) {
        return new ExecPlace(files, shimPid, "exec-" + UUID.randomUUID());
    }

    /** As the runtime sees it. */
    Path theirs(String suffix) {
        return files.bundle().resolve(name + suffix);
    }

    /** As this process sees it. */
    Path ours(String suffix) {
        return bundle().resolve(name + suffix);
    }

    /** As this process sees it. */
    Path bundle() {
        return SandboxFiles.through(shimPid, files.bundle());
    }
}
