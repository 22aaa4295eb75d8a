package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.identity.IdRanges;
import dev.agentcontainers.nodeagent.linux.namespace.UserNamespace;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Readiness;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsBuilder;
import dev.agentcontainers.nodeagent.linux.storage.PrivateFiles;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The baselines: the OCI runtime's own {@code run}, without shim, fence and supervision, of the bundle that the driver makes,
 * in a mount namespace of its own, which also has the workaround for control groups. Either the bundle with its root is
 * there already, or it is made anew by the driver's own code, as each start must. In this package because the driver's
 * parts are nobody else's.
 */
public final class BareRun {
    private static final String NAME = "bare";

    private final OciSettings settings;
    private final SandboxSpec spec;
    private final OciDriver driver;
    private final SandboxFiles files;
    private final long shimPid;
    private final RuntimeCommand command;
    private final ProcessCalls processes = ProcessCalls.ofThisMachine();
    private final DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();

    private BareRun(
            OciSettings settings,
            SandboxSpec spec,
            OciDriver driver,
            SandboxFiles files,
            long shimPid,
            RuntimeCommand command) {
        this.settings = settings;
        this.spec = spec;
        this.driver = driver;
        this.files = files;
        this.shimPid = shimPid;
        this.command = command;
    }

    /** Makes a sandbox of the spec, which stays created and never starts; its bundle is what is run. */
    public static BareRun of(OciSettings settings, SandboxSpec spec) throws IOException, SandboxException {
        return of(settings, spec, DriverKind.PROCESS, OciDriver.process(settings));
    }

    /** The same of an image. */
    public static BareRun container(OciSettings settings, SandboxSpec spec) throws IOException, SandboxException {
        return of(
                settings,
                spec,
                DriverKind.CONTAINER,
                OciDriver.process(settings).container());
    }

    /** The same of an image over gVisor's kernel. */
    public static BareRun gvisor(OciSettings settings, SandboxSpec spec) throws IOException, SandboxException {
        return of(settings, spec, DriverKind.GVISOR, OciDriver.process(settings).gvisor());
    }

    private static BareRun of(OciSettings settings, SandboxSpec spec, DriverKind kind, OciDriver driver)
            throws IOException, SandboxException {
        driver.prepare(spec);
        driver.create(spec);
        SandboxFiles files = new SandboxFiles(settings, spec.id());
        BareBundle bundle = BareBundle.of(settings, files);
        bundle.write(NAME);
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        DescriptorCalls descriptors = DescriptorCalls.ofThisMachine();
        Tools tools;
        try {
            tools = Tools.of(kind, settings);
        } catch (Tools.MissingException e) {
            throw new IOException(e);
        }
        RuntimeCommand command = new RuntimeCommand(
                tools,
                new Shim(tools, settings, processes, descriptors),
                processes,
                descriptors,
                HandoverCalls.ofThisMachine(),
                new Readiness(processes, descriptors),
                Mounts.ofThisMachine(),
                settings.patience());
        return new BareRun(settings, spec, driver, files, bundle.holder(), command);
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
        return finished(child, pipe[0]);
    }

    /** One run whose bundle, root and workspace are made anew. */
    public final class Anew implements AutoCloseable {
        private final SandboxSpec own = new SandboxSpec(
                new SandboxId(UUID.randomUUID().toString()),
                spec.hostname(),
                spec.driverParameters(),
                spec.command(),
                spec.workingDirectory(),
                spec.environment(),
                spec.limits(),
                spec.mounts());

        /** Makes everything, and runs the agent to its end; returns what it wrote. */
        public String run() throws IOException, SandboxException, InterruptedException {
            driver.prepare(own);
            SandboxFiles paths = new SandboxFiles(settings, own.id());
            IdRange ids = new IdRanges(SandboxFiles.sandboxes(settings), settings.ids())
                    .of(own.id().value());
            PrivateFiles.makeDirectory(paths.run());
            // It must be there until the runtime has joined it, which it does before it ends.
            try (UserNamespace users = UserNamespace.of(processes, descriptors, ids, paths.run())) {
                return run(paths, ids, users);
            }
        }

        private String run(SandboxFiles paths, IdRange ids, UserNamespace users)
                throws IOException, SandboxException, InterruptedException {
            SandboxCreation creation = driver.creation();
            int[] pipe = new int[2];
            Shim.check("make a pipe", descriptors.pipe(pipe));
            int child;
            SandboxCreation.Surroundings surroundings = driver.surroundings(own.id());
            try (AgentRoot root = creation.root(own, users, surroundings)) {
                child = new MountNamespace(Mounts.ofThisMachine()).inNew(() -> {
                    new RootfsBuilder(Mounts.ofThisMachine()).mountMemory(paths.privateMount(), "mode=0711");
                    creation.hideUnifiedHierarchy();
                    Files.createDirectory(paths.bundle());
                    creation.make(root, own, paths, ids, driver.allocation(own), surroundings, users);
                    List<String> arguments = new ArrayList<>(command.shim().runtimeArguments(paths));
                    arguments.addAll(List.of(
                            "run",
                            "--bundle",
                            paths.bundle().toString(),
                            own.id().value()));
                    return Shim.check(
                            "start the runtime",
                            processes.spawn(new SpawnRequest(
                                    command.tools().runtime().toString(),
                                    arguments,
                                    Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
                                    Map.of(1, pipe[1], 2, pipe[1]),
                                    false)));
                });
            } finally {
                descriptors.close(pipe[1]);
            }
            return finished(child, pipe[0]);
        }

        @Override
        public void close() throws IOException {
            try {
                driver.purge(own.id());
            } catch (SandboxException e) {
                throw new IOException(e);
            }
        }
    }

    public Anew anew() {
        return new Anew();
    }

    private String finished(int child, int output) throws IOException {
        String text = read(output);
        int code = processes.waitFor(child);
        if (code != 0) {
            throw new IOException("the bare run ended with " + code + ": " + text.strip());
        }
        return text;
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
