package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.streams.AgentPrograms;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Real programs of this machine, in a folder that is the agent's working directory. */
final class MachinePrograms implements AgentPrograms {
    private final Path folder;
    private final List<Process> started = new ArrayList<>();
    private List<String> before = List.of();

    MachinePrograms(Path folder) {
        this.folder = folder;
    }

    /** Has every program be started by another, which is given it as its arguments. */
    MachinePrograms by(String... command) {
        before = List.of(command);
        return this;
    }

    /** Whether all have ended, killed or not. */
    boolean haveEnded() {
        return started.stream().noneMatch(Process::isAlive);
    }

    @Override
    public AgentProgram start(List<String> command, boolean stdin) throws IOException {
        List<String> line = new ArrayList<>(before);
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        started.add(process);
        if (!stdin) {
            process.getOutputStream().close();
        }
        return new Program(process);
    }

    private record Program(Process process) implements AgentProgram {
        @Override
        public InputStream output(OutputStream errors) {
            Thread reading = Thread.ofVirtual().start(() -> {
                try (InputStream from = process.getErrorStream()) {
                    from.transferTo(errors);
                } catch (IOException e) {
                    // It was killed.
                }
            });
            return new FilterInputStream(process.getInputStream()) {
                @Override
                public int read(byte[] target, int offset, int length) throws IOException {
                    int count = super.read(target, offset, length);
                    if (count < 0) {
                        try {
                            process.waitFor();
                            reading.join();
                        } catch (InterruptedException e) {
                            throw new InterruptedIOException("interrupted");
                        }
                    }
                    return count;
                }
            };
        }

        @Override
        public OutputStream input() {
            return process.getOutputStream();
        }

        @Override
        public int exitCode() {
            return process.exitValue();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
