package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The baseline of exec: the runtime's own, in a sandbox of a driver's that runs, without what the driver adds (streams, limits, a
 * specification of the process). In one with a machine it begins the monitor's client, as the driver does. In this package because the driver's parts are nobody else's. Thread-safe.
 */
public final class BareExec {
    private final SandboxFiles files;
    private final long shim;
    private final Tools tools;
    private final List<String> options;
    private final Starter starter;
    private final ProcessCalls processes = ProcessCalls.ofThisMachine();

    private BareExec(SandboxFiles files, long shim, Tools tools, List<String> options, Starter starter) {
        this.files = files;
        this.shim = shim;
        this.tools = tools;
        this.options = List.copyOf(options);
        this.starter = starter;
    }

    /** @param driver of the sandbox, with these settings */
    public static BareExec in(OciSettings settings, OciDriver driver, SandboxId id) throws IOException {
        SandboxFiles files = new SandboxFiles(settings, id);
        DriverKind kind = DriverKind.valueOf(driver.name().toUpperCase(Locale.ROOT));
        Tools tools;
        try {
            tools = Tools.of(kind, settings);
        } catch (Tools.MissingException e) {
            throw new IOException(e);
        }
        Shim shim = new Shim(tools, settings, ProcessCalls.ofThisMachine(), DescriptorCalls.ofThisMachine());
        return new BareExec(
                files,
                RunRecord.read(files.record()).orElseThrow().shim().pid(),
                tools,
                shim.runtimeArguments(files),
                kind == DriverKind.MICROVM ? Starter.MONITOR : Starter.NONE);
    }

    /** Runs it to its end; nanoseconds that it took. */
    public long run(String program) throws IOException {
        List<String> arguments = new ArrayList<>(options);
        arguments.addAll(List.of("exec", files.id().value()));
        arguments.addAll(starter.further(List.of(program), false));
        SpawnRequest request = new SpawnRequest(
                tools.runtime().toString(),
                arguments,
                Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
                Map.of(),
                false);
        // As little as any way into the mount namespace that the runtime's state is in: before the time is taken.
        return new MountNamespace(Mounts.ofThisMachine()).inThatOf(shim, () -> {
            long begin = System.nanoTime();
            int child = Shim.check("start " + tools.runtime(), processes.spawn(request));
            int code = processes.waitFor(child);
            long nanos = System.nanoTime() - begin;
            if (code != 0) {
                throw new IOException("%s exec ended with %d".formatted(tools.runtime(), code));
            }
            return nanos;
        });
    }
}
