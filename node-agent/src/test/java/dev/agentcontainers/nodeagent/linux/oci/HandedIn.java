package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Programs in a sandbox that a runtime runs which hands a folder of the host in, as descriptor 3 (CVE-2024-21626). */
final class HandedIn {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private HandedIn() {}

    /**
     * @param command exactly what the runtime executes
     * @return what it prints
     */
    static String outputOf(TestNode node, SandboxId id, Path folder, List<String> command) throws Exception {
        SandboxFiles files = new SandboxFiles(node.settings(), id);
        long shim = RunRecord.read(files.record()).orElseThrow().shim().pid();
        ExecPlace place = ExecPlace.of(files, shim);
        ObjectMapper json = new ObjectMapper();
        ObjectNode process =
                (ObjectNode) json.readTree(Files.readAllBytes(place.bundle().resolve("config.json")))
                        .required("process");
        process.set("args", json.valueToTree(command));
        Files.write(place.ours(".json"), json.writeValueAsBytes(process));

        Mounts mounts = Mounts.ofThisMachine();
        DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        int handed = Shim.check("open " + folder, mounts.openDirectory(folder.toString()));
        int[] output = new int[2];
        Shim.check("make a pipe", descriptors.pipe(output));
        try {
            ProcessCalls processes = ProcessCalls.ofThisMachine();
            int child = runtime(node, mounts)
                    .spawn(
                            files,
                            shim,
                            List.of(
                                    "exec",
                                    "--preserve-fds",
                                    "1",
                                    "--process",
                                    place.theirs(".json").toString(),
                                    id.value()),
                            Map.of(1, output[1], 2, output[1], 3, handed),
                            false);
            descriptors.close(output[1]);
            ChildProcess runtime = new ChildProcess(processes, descriptors, child, "runtime");
            String text = runtime.readAll(output[0], PATIENCE);
            runtime.await(PATIENCE);
            return text;
        } finally {
            descriptors.close(output[0]);
            mounts.close(handed);
        }
    }

    private static RuntimeCommand runtime(TestNode node, Mounts mounts) throws Exception {
        Tools tools = Tools.of(DriverKind.PROCESS, node.settings());
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        return new RuntimeCommand(
                tools,
                new Shim(tools, node.settings(), processes, descriptors),
                processes,
                descriptors,
                HandoverCalls.ofThisMachine(),
                new Readiness(processes, descriptors),
                mounts,
                PATIENCE);
    }
}
