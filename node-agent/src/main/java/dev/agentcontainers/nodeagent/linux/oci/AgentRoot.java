package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The root of one sandbox that is about to be made. Closed when it is made or can't be. */
interface AgentRoot extends Closeable {
    /**
     * Makes the root with the agent's mounts, in the calling thread's mount namespace, which is the sandbox's.
     *
     * @param storage that holds whatever the agent writes to the disk
     * @throws SandboxException of kind INVALID_SPEC where a mount can't be had, naming its path
     */
    Made make(SandboxSpec spec, SandboxFiles paths, IdRange ids, Opened storage) throws IOException, SandboxException;

    @Override
    void close();

    /**
     * A root that is complete.
     *
     * @param place where it is, in the sandbox's mount namespace
     * @param readOnly whether the runtime is to make it so
     * @param masked paths of the kernel's filesystems that the runtime is to hide
     * @param starter what begins everything in it, and is there
     * @param devices beside those that every sandbox has
     */
    record Made(
            Path place,
            boolean readOnly,
            List<String> masked,
            RunAs runAs,
            Starter starter,
            List<GivenDevice> devices) {
        public Made {
            masked = List.copyOf(masked);
            devices = List.copyOf(devices);
        }
    }
}
