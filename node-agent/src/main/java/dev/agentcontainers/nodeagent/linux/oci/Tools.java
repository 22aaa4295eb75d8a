package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The programs that the driver drives. */
record Tools(Path runtime, Path shim) {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** A program that is missing; the message says how to get it. */
    static final class MissingException extends Exception {
        private static final long serialVersionUID = 1L;

        MissingException(String message) {
            super(message);
        }
    }

    static Tools find(Optional<Path> chosenRuntime) throws MissingException {
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
        Path shim = program("conmon")
                .orElseThrow(() -> new MissingException(
                        "conmon was not found: install the package conmon, for example 'apt-get install conmon'"));
        return new Tools(runtime, shim);
    }

    private static Optional<Path> program(String name) {
        return Program.find(name).map(Program::path);
    }

    boolean isCrun() {
        return runtime.getFileName().toString().startsWith("crun");
    }

    /** Name and version, for example {@code crun 1.8.1}. */
    static String version(Path program) throws IOException, InterruptedException {
        String output = new Program(program).run(PATIENCE, List.of("--version")).output();
        String first = output.lines().findFirst().orElse(program.getFileName().toString());
        return first.replace(" version ", " ").strip();
    }
}
