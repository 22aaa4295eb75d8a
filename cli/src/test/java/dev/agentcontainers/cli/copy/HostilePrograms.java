package dev.agentcontainers.cli.copy;

import dev.agentcontainers.cli.streams.AgentProgram;
import dev.agentcontainers.cli.streams.AgentPrograms;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** An agent whose tar writes what it likes, whatever it is asked for. */
final class HostilePrograms implements AgentPrograms {
    private final InputStream output;

    HostilePrograms(InputStream output) {
        this.output = output;
    }

    HostilePrograms(byte[] output) {
        this(new ByteArrayInputStream(output));
    }

    @Override
    public AgentProgram start(List<String> command, boolean stdin) {
        return new AgentProgram() {
            @Override
            public InputStream output(OutputStream errors) {
                return output;
            }

            @Override
            public OutputStream input() {
                return OutputStream.nullOutputStream();
            }

            @Override
            public int exitCode() {
                return 0;
            }

            @Override
            public void close() {
                // Nothing runs.
            }
        };
    }
}
