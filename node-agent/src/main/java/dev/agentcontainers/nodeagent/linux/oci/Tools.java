package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The programs that the driver drives.
 *
 * @param options that each call of the runtime begins with
 * @param dialect what the runtime understands
 */
record Tools(Path runtime, Path shim, List<String> options, Dialect dialect) {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Whose commands and options a runtime has. One of another name is taken to be like runc. */
    enum Dialect {
        CRUN,
        RUNC,
        RUNSC
    }

    /** A program that is missing; the message says how to get it. */
    static final class MissingException extends Exception {
        private static final long serialVersionUID = 1L;

        MissingException(String message) {
            super(message);
        }
    }

    static Tools of(DriverKind kind, OciSettings settings) throws MissingException {
        return switch (kind) {
            case PROCESS, CONTAINER, MICROVM -> find(settings.runtime(), settings.rootless());
            case GVISOR -> find(settings.gvisor(), settings.rootless());
        };
    }

    private static Tools find(GvisorSettings settings, boolean rootless) throws MissingException {
        Path runtime = settings.program()
                .or(() -> program("runsc"))
                .orElseThrow(() -> new MissingException(
                        "runsc, gVisor's runtime, was not found on the PATH: get it as docs/isolation.md says, or name"
                                + " its path by agentcontainers.node.runsc"));
        if (!Files.isExecutable(runtime)) {
            throw new MissingException("agentcontainers.node.runsc: " + runtime + " is not an executable file");
        }
        List<String> options = new ArrayList<>(gvisorOptions(settings.platform()));
        if (rootless) {
            options.add("--ignore-cgroups");
        }
        return new Tools(runtime, conmon(), options, Dialect.RUNSC);
    }

    /**
     * Nothing of the host but the root's files, the interface and what the control groups give: no sockets and no pipes of
     * the host. Files are looked at anew, since the node changes some of them while agents run. Changes go to the root,
     * which has its own place for them. The filter of system calls counts inside as well.
     */
    private static List<String> gvisorOptions(String platform) {
        return List.of(
                "--platform=" + platform,
                "--network=sandbox",
                "--net-raw=false",
                "--overlay2=none",
                "--file-access=shared",
                "--host-uds=none",
                "--host-fifo=none",
                "--character-device-policy=emulated-only",
                "--oci-seccomp=true",
                "--host-settings=ignore");
    }

    static Tools find(Optional<Path> chosenRuntime, boolean rootless) throws MissingException {
        Path runtime;
        if (chosenRuntime.isPresent()) {
            runtime = chosenRuntime.get();
            if (!Files.isExecutable(runtime)) {
                throw new MissingException("the OCI runtime " + runtime + " is not an executable file");
            }
        } else {
            runtime = Stream.of("crun", "runc")
                    .flatMap(name -> program(name).stream())
                    .findFirst()
                    .orElseThrow(() -> new MissingException(
                            "no OCI runtime was found: install the package crun (or runc), for example"
                                    + " 'apt-get install crun'"));
        }
        boolean crun = runtime.getFileName().toString().startsWith("crun");
        return crun
                ? new Tools(
                        runtime,
                        conmon(),
                        List.of("--cgroup-manager=" + (rootless ? "disabled" : "cgroupfs")),
                        Dialect.CRUN)
                : new Tools(runtime, conmon(), List.of(), Dialect.RUNC);
    }

    boolean gvisor() {
        return dialect == Dialect.RUNSC;
    }

    private static Path conmon() throws MissingException {
        return program("conmon")
                .orElseThrow(() -> new MissingException(
                        "conmon was not found: install the package conmon, for example 'apt-get install conmon'"));
    }

    private static Optional<Path> program(String name) {
        return Program.find(name).map(Program::path);
    }

    /** Name and version, for example {@code crun 1.8.1}. */
    static String version(Path program) throws IOException, InterruptedException {
        String output = new Program(program).run(PATIENCE, List.of("--version")).output();
        String first = output.lines().findFirst().orElse(program.getFileName().toString());
        return first.replace(" version ", " ").strip();
    }
}
