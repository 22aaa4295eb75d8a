package dev.agentcontainers.bench;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs of this machine that run until they are ended, and such that are waited for. */
public final class Commands implements AutoCloseable {
    private final List<Process> processes = new ArrayList<>();

    /** Says what to install where one is missing. */
    public static void require(String... programs) {
        for (String program : programs) {
            if (!isInstalled(program)) {
                throw new UserException("this benchmark needs the program %s; on Debian: apt-get install %s"
                        .formatted(program, program));
            }
        }
    }

    private static boolean isInstalled(String program) {
        return List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin").stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** A process with nothing but a network namespace of its own, as the fence takes agents. */
    public NetworkAttachment agent() {
        start("unshare", "--user", "--map-root-user", "--net", "sh", "-c", "echo ready; exec sleep inf");
        return new NetworkAttachment(processes.getLast().pid());
    }

    /** Starts it and returns its first line. */
    public String start(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            processes.add(process);
            String line = process.inputReader().readLine();
            if (line == null) {
                throw new IllegalStateException(String.join(" ", command) + " did not start");
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the command prints. */
    public static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** What the command prints in the agent's network. */
    public static String inside(NetworkAttachment agent, String script) {
        return run("nsenter", "--net=/proc/" + agent.pid() + "/ns/net", "sh", "-ec", script);
    }

    /** A program that lies beside that class, as a file in that folder. */
    public static String program(Class<?> beside, Path folder, String name) throws IOException {
        Path file = folder.resolve(name);
        try (InputStream stream = beside.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IOException("the program " + name + " is missing");
            }
            Files.write(file, stream.readAllBytes());
        }
        return file.toString();
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
        processes.forEach(process -> process.onExit().join());
    }
}
