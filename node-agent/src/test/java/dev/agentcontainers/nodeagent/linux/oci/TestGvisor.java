package dev.agentcontainers.nodeagent.linux.oci;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.localcluster.binaries.Gvisor;
import dev.agentcontainers.nodeagent.linux.process.Program;
import java.nio.file.Path;
import java.util.Optional;

/** The runsc that tests use: the one on the PATH, or the pinned one that was built before. */
public final class TestGvisor {
    private TestGvisor() {}

    /** Skips the test where there is none. */
    public static GvisorSettings required() {
        Optional<Path> program = Program.find("runsc").map(Program::path).or(() -> Gvisor.find(System.getenv()));
        assumeTrue(program.isPresent(), "needs runsc, which the tests of local-cluster build");
        return new GvisorSettings(program, GvisorSettings.SYSTRAP);
    }
}
