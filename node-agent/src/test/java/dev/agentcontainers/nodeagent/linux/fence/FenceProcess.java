package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A node agent that attaches one sandbox and then waits to be killed. */
final class FenceProcess {
    private FenceProcess() {}

    /** Starts one, which attaches the agent to the narrow group and then prints its address. */
    static Process start(Machine machine, Attacker agent) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        FenceProcess.class.getName(),
                        machine.settings().name(),
                        machine.settings().hostNamespace().orElseThrow().toString(),
                        machine.settings().runDirectory().toString(),
                        agent.id().value(),
                        Long.toString(agent.network().pid()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

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
