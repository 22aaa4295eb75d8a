package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A node agent that attaches one sandbox and then waits to be killed. */
final class FenceProcess {
    private FenceProcess() {}

    /** @param arguments fence name, host's namespace, run directory, sandbox, process */
    public static void main(String[] arguments) throws Exception {
        LinuxFence fence = new LinuxFence(
                new LinuxFenceSettings(
                        arguments[0],
                        Optional.of(Path.of(arguments[1])),
                        Path.of("/run/netns"),
                        Path.of(arguments[2]),
                        1500),
                FenceSystem.linux());
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW));
        Attachment attachment = fence.attach(
                new SandboxId(arguments[3]), new NetworkAttachment(Long.parseLong(arguments[4])), "narrow");
        System.out.println(attachment.address());
        Thread.sleep(Long.MAX_VALUE);
    }
}
