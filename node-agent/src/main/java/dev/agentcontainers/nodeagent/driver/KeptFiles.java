package dev.agentcontainers.nodeagent.driver;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What a driver keeps of sandboxes on the disk between their runs, as archives that can be restored on any node: the content of
 * {@link SandboxSpec.ResolvedMount.Workspace} and {@link SandboxSpec.ResolvedMount.DiskDirectory}. Neither runs a program of the
 * agent's. Whoever calls sees to it that no run of the sandbox exists or begins meanwhile, and that there is one call at a time.
 * Both end soon where their thread is interrupted. Thread-safe.
 */
public interface KeptFiles {
    /**
     * Writes all of it as a tar compressed with gzip, with owners as the agent sees them.
     *
     * @param spec with the root's kind, the limits and all mounts on the disk; of other mounts nothing need be said
     * @throws IOException where the archive can't be written on
     */
    Contents save(SandboxSpec spec, Origin origin, OutputStream archive) throws SandboxException, IOException;

    /**
     * Puts the content of such an archive, which anybody may have made, in place of what there is: all of it, or where this
     * throws, nothing. Directories of which the archive does not speak stay as they are.
     *
     * @param spec as above
     * @throws SandboxException of kind INVALID_SPEC where the archive is to blame
     */
    Contents restore(SandboxSpec spec, InputStream archive) throws SandboxException;

    /**
     * Whose files are saved.
     *
     * @param agent namespace and name
     * @param image that it runs from, as its manifest names it; empty for the node's own programs
     */
    record Origin(String agent, Optional<String> image, Instant time) {}

    /**
     * What was saved or restored.
     *
     * @param files with directories and links
     * @param bytes of the files, holes included
     * @param leftOut how many of each kind are not among them
     */
    record Contents(long files, long bytes, Map<LeftOut, Long> leftOut) {
        public Contents {
            leftOut = Map.copyOf(leftOut);
        }
    }

    /** What is not saved, or not restored. */
    enum LeftOut {
        SOCKET("sockets, which nobody listens at any more"),
        DEVICE("device files, which agents can't use"),
        NAME("files or links with names that are no UTF-8, or longer than archives may have, with what is in them");

        private final String what;

        LeftOut(String what) {
            this.what = what;
        }

        /** In the plural, with the reason. */
        public String what() {
            return what;
        }

        /** Whether the agent loses something. */
        public boolean isLoss() {
            return this == NAME;
        }
    }
}
