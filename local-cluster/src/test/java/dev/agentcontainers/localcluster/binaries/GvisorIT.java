package dev.agentcontainers.localcluster.binaries;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Builds gVisor's runtime where it isn't there yet; the node agent's tests, which come later, take it from there. */
@Tag("node")
class GvisorIT {
    @Test
    void theRuntimeIsOfThePinnedVersion() throws Exception {
        assumeTrue(
                Gvisor.find(System.getenv()).isPresent()
                        || GoToolchain.find(System.getenv())
                                .filter(GoToolchain::isUsable)
                                .isPresent(),
                "needs Go");
        Path runtime = Gvisor.findOrBuild(System.getenv(), System.out::println);
        assertThat(Gvisor.find(System.getenv())).contains(runtime);

        Process process = new ProcessBuilder(runtime.toString(), "--version").start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(said).startsWith("runsc version " + Gvisor.version());
    }
}
