package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.SharedControlPlane;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --dry-run} prints is what a real API server takes. */
@Tag("cluster")
class DryRunIT {
    @TempDir
    private Path folder;

    @Test
    void anApiServerAcceptsWhatIsPrinted() throws Exception {
        Files.writeString(folder.resolve("main.py"), "import sys\n\nprint('yes: # no')\n");
        Files.write(folder.resolve("b.bin"), new byte[] {(byte) 0xff, 0});
        AgentctlProcess printed = AgentctlProcess.run(
                folder,
                "--dry-run",
                "-o",
                "yaml",
                "--allow=10.20.0.0/16:8080-8090",
                "--allow=[2001:db8::/32]:53/UDP",
                "--mount=/w",
                "--mount=/code=file:.",
                "--mount=/etc/ssh=denied",
                "-e=A=yes",
                "-e=B=1",
                "-e=C= x: # y\nsecond line",
                "-e=D=0x10",
                "-e=E=",
                "-e=F=~",
                "-l=app=007",
                "--cpu=1",
                "--memory=64Mi",
                "--ephemeral-storage=32Mi",
                "--pids=9",
                "--open-files=300",
                "--disk-read-rate=20Mi",
                "--disk-write-rate=10Mi",
                "--network-egress-rate=5Mi",
                "--network-ingress-rate=6Mi",
                "--deadline=5",
                "--grace-period=1",
                "-w/w",
                "python3",
                "-c",
                "true");
        assertThat(printed.await()).as("%s", printed).isZero();

        try (KubernetesClient client = client()) {
            List<HasMetadata> objects = client.load(
                            new ByteArrayInputStream(printed.output().getBytes(StandardCharsets.UTF_8)))
                    .items();
            assertThat(objects).hasSize(2);
            for (HasMetadata object : objects) {
                Awaitility.await()
                        .atMost(Duration.ofSeconds(60))
                        .ignoreExceptionsMatching(
                                failure -> String.valueOf(failure.getMessage()).contains("404"))
                        .untilAsserted(() -> assertThat(client.resource(object)
                                        .dryRun()
                                        .fieldValidation(FieldValidateable.Validation.STRICT)
                                        .create())
                                .isNotNull());
            }
        }
    }

    private static KubernetesClient client() {
        try {
            KubernetesClient client = SharedControlPlane.get().adminClient();
            ApiManifests.customResourceDefinitions()
                    .forEach(manifest -> client.load(
                                    new ByteArrayInputStream(manifest.yaml().getBytes(StandardCharsets.UTF_8)))
                            .serverSideApply());
            return client;
        } catch (MissingPrerequisiteException missing) {
            return Assumptions.abort("no control plane here: " + missing.getMessage());
        }
    }
}
