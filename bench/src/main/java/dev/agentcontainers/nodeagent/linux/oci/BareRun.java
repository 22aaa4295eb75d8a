package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The baseline: the OCI runtime's own {@code run} on the bundle that the driver has made for a sandbox, in that sandbox's
 * mount namespace, which also has the workaround for control groups; without shim, fence and supervision. In this package
 * because the driver's parts are nobody else's.
 */
public final class BareRun {
    private static final String NAME = "bare";

    private final SandboxFiles files;
    private final long shimPid;
    private final RuntimeCommand command;
    private final ProcessCalls processes = ProcessCalls.ofThisMachine();
    private final DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();

    private BareRun(SandboxFiles files, long shimPid, RuntimeCommand command) {
        this.files = files;
        this.shimPid = shimPid;
        this.command = command;
    }

    /** Makes a sandbox of the spec, which stays created and never starts; its bundle is what is run. */
    public static BareRun of(OciSettings settings, SandboxSpec spec) throws IOException, SandboxException {
        ProcessDriver driver = new ProcessDriver(settings);
        driver.prepare(spec);
        driver.create(spec);
        SandboxFiles files = new SandboxFiles(settings, spec.id());
        long shimPid = RunRecord.read(files.record()).orElseThrow().shim().pid();
        writeBundle(settings, SandboxFiles.through(shimPid, files.bundle()));
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        Tools tools;
        try {
            tools = Tools.find(Optional.empty());
        } catch (Tools.MissingException e) {
            throw new IOException(e);
        }
        RuntimeCommand command = new RuntimeCommand(
                tools,
                new Shim(tools, settings, processes, descriptors),
                processes,
                descriptors,
                new Readiness(processes, descriptors),
                Mounts.ofThisMachine(),
                settings.patience());
        return new BareRun(files, shimPid, command);
    }

    /** The same but for its control group, which must be its own. */
    private static void writeBundle(OciSettings settings, Path bundle) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode configuration =
                (ObjectNode) json.readTree(bundle.resolve("config.json").toFile());
        ((ObjectNode) configuration.get("linux")).put("cgroupsPath", settings.cgroupParent() + "/" + NAME);
        Files.createDirectories(bundle.resolve(NAME));
        json.writeValue(bundle.resolve(NAME).resolve("config.json").toFile(), configuration);
    }

    /** Runs the agent to its end; returns what it wrote. */
    public String run() throws IOException {
        int[] pipe = new int[2];
        Shim.check("make a pipe", descriptors.pipe(pipe));
        int child;
        try {
            child = command.spawn(
                    files,
                    shimPid,
                    List.of("run", "--bundle", files.bundle().resolve(NAME).toString(), NAME),
                    Map.of(1, pipe[1], 2, pipe[1]),
                    false);
        } finally {
            descriptors.close(pipe[1]);
        }
        String output = read(pipe[0]);
        int code = processes.waitFor(child);
        if (code != 0) {
            throw new IOException("the bare run ended with " + code + ": " + output.strip());
        }
        return output;
    }

    private String read(int descriptor) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        try {
            for (int count = descriptors.read(descriptor, buffer);
                    count > 0;
                    count = descriptors.read(descriptor, buffer)) {
                text.write(buffer, 0, count);
            }
        } finally {
            descriptors.close(descriptor);
        }
        return text.toString(StandardCharsets.UTF_8);
    }
}
