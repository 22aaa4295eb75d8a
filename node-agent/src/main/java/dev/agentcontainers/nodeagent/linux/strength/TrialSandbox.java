package dev.agentcontainers.nodeagent.linux.strength;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.strength.Exhaustion.End;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Runs one program in a sandbox of a driver, until it has said what it found or has ended.
 *
 * @param folder for the programs of images
 * @param patience how long a program may take
 */
record TrialSandbox(IsolationDriver driver, DriverProbe.Ready ready, Path folder, Duration patience) {
    /** Name of the file that is executed. */
    static final String PROGRAM = "program";

    private static final String SHOWN = "/agentcontainers-probe";
    private static final String EXECUTABLE_BY_ALL = "rwxr-xr-x";
    private static final Duration PAUSE = Duration.ofMillis(5);

    /** Looks at the end of a program, while its sandbox is still there. */
    @FunctionalInterface
    interface Look {
        void at(End end) throws IOException, InterruptedException;
    }

    /** What goes on outside meanwhile. */
    @FunctionalInterface
    interface Outside {
        Outside NOTHING = _ -> {};

        /** When the sandbox is there, before its first instruction. */
        void created(NetworkAttachment network) throws SandboxException, IOException;

        /** When its first instruction may have run. */
        default void started(NetworkAttachment network) throws IOException, InterruptedException {}
    }

    String driverName() {
        return driver.name();
    }

    void run(SandboxId id, byte[] program, ResourceAmounts limits, boolean workspace, Look look)
            throws SandboxException, IOException, InterruptedException {
        run(id, program, limits, workspace, Outside.NOTHING, look);
    }

    void run(SandboxId id, byte[] program, ResourceAmounts limits, boolean workspace, Outside outside, Look look)
            throws SandboxException, IOException, InterruptedException {
        List<ResolvedMount> mounts = new ArrayList<>();
        if (workspace) {
            mounts.add(new Workspace("/workspace", true));
        }
        boolean image = ready.features().contains(DriverFeature.IMAGE);
        if (!image) {
            mounts.add(new ResolvedMount.Files(SHOWN, Map.of(PROGRAM, program), false));
        }
        SandboxSpec spec = new SandboxSpec(
                id,
                image ? new SandboxRoot.Image(List.of(layer(id, program)), "") : SandboxRoot.HOST,
                PROGRAM,
                Map.of(),
                image ? List.of("/" + PROGRAM) : copied(),
                "/",
                Map.of(),
                limits,
                limits,
                mounts);
        driver.onTrial(id, () -> {
            driver.prepare(spec);
            NetworkAttachment network = driver.create(spec);
            Witness.Before before = Witness.Before.of(network.pid());
            outside.created(network);
            driver.start(id);
            outside.started(network);
            look.at(await(before, id));
        });
    }

    /** What is shown to an agent can't be executed; what it has copied can. */
    private static List<String> copied() {
        String copy = "/tmp/" + PROGRAM;
        return List.of(
                "/bin/sh",
                "-c",
                "cat %s/%s >%s && chmod 700 %s && exec %s".formatted(SHOWN, PROGRAM, copy, copy, copy));
    }

    private Path layer(SandboxId id, byte[] program) throws IOException {
        Path layer = Files.createDirectory(folder.resolve(id.value()));
        Files.setPosixFilePermissions(layer, PosixFilePermissions.fromString(EXECUTABLE_BY_ALL));
        // An overlay has no directory that no layer has.
        for (String directory : List.of("tmp", "workspace", "proc", "dev", "sys")) {
            Files.createDirectory(layer.resolve(directory));
        }
        Files.write(layer.resolve(PROGRAM), program);
        Files.setPosixFilePermissions(layer.resolve(PROGRAM), PosixFilePermissions.fromString(EXECUTABLE_BY_ALL));
        return layer;
    }

    private End await(Witness.Before before, SandboxId id) throws SandboxException, IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() < deadline) {
            String output = output(id);
            if (output.endsWith("\n" + CallProgram.END + "\n")) {
                return new End.Waits(Witness.of(before, output));
            }
            if (driver.state(id) instanceof SandboxState.Exited(var exit)) {
                return new End.Ended(exit, output(id).contains(Exhaustion.BEGUN + "\n"));
            }
            Thread.sleep(PAUSE);
        }
        throw new IOException("the program said nothing within " + patience.toSeconds() + " s");
    }

    /** Without the log's time stamps and stream names, partial lines joined. */
    private String output(SandboxId id) throws IOException {
        StringBuilder output = new StringBuilder();
        try {
            for (String line :
                    new String(Files.readAllBytes(driver.log(id)), StandardCharsets.ISO_8859_1).split("\n")) {
                String[] parts = line.split(" ", 4);
                if (parts.length == 4) {
                    output.append(parts[3]).append(parts[2].equals("F") ? "\n" : "");
                }
            }
        } catch (NoSuchFileException e) {
            // It has said nothing yet.
        }
        return output.toString();
    }
}
