package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.localcluster.ControlPlane;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A drain with a real node agent: the machine is as it was, the users' objects are there, the API can be removed. */
@Tag("cluster")
@Tag("node")
class DrainIT {
    private static final String UNIQUE = "4242.25";
    private static TestFleet fleet;

    @BeforeAll
    static void up() throws Exception {
        fleet = TestFleet.start();
    }

    @AfterAll
    static void downLeavesNothing() throws Exception {
        if (fleet != null) {
            fleet.close();
        }
    }

    @Test
    void agentsEndNodesGoAndNothingHoldsWhatStays() throws Exception {
        fleet.create("drained", "sleep " + UNIQUE, "lifecycle: {terminationGracePeriodSeconds: 1}");
        fleet.await("drained", AgentPhase.Running);
        assertThat(agentProcesses()).isNotEmpty();

        assertThat(drain()).isZero();

        assertThat(agentProcesses()).isEmpty();
        assertThat(fleet.client().resources(AgentNode.class).list().getItems()).isEmpty();
        AgentContainer kept = fleet.await("drained", AgentPhase.Failed);
        assertThat(kept.getMetadata().getFinalizers()).isEmpty();
        assertThat(fleet.client().namespaces().list().getItems())
                .extracting(namespace -> namespace.getMetadata().getName())
                .noneMatch(name -> name.startsWith("agentnode-"));

        fleet.client()
                .resources(CustomResourceDefinition.class)
                .withName("agentcontainers.agentcontainers.dev")
                .delete();
        Awaitility.await("the API's definition is gone")
                .atMost(Duration.ofSeconds(60))
                .until(() -> fleet.client()
                                .resources(CustomResourceDefinition.class)
                                .withName("agentcontainers.agentcontainers.dev")
                                .get()
                        == null);
    }

    /** With the operator as a process there is no Deployment to scale: it is stopped when the drain comes to that. */
    private static int drain() throws IOException, InterruptedException {
        Programs programs = new Programs(
                Path.of(System.getProperty("project.root")), Path.of(System.getProperty("java.home"), "bin", "java"));
        List<String> line = new ArrayList<>(programs.operator());
        line.addAll(List.of("drain", "--namespace=" + OperatorProcess.NAMESPACE, "--timeout=90"));
        try (ControlPlane controlPlane = fleet.fleet().attach()) {
            ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
            builder.environment().put("KUBECONFIG", controlPlane.kubeconfig().toString());
            Process process = builder.start();
            try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
                for (String said = output.readLine(); said != null; said = output.readLine()) {
                    System.err.println("drain: " + said);
                    if (said.equals("Stopping the operator")) {
                        fleet.operator().stop();
                    }
                }
            }
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        }
    }

    private static List<Long> agentProcesses() {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> commandLine(pid).startsWith("sleep\0" + UNIQUE))
                .toList();
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
        } catch (IOException e) {
            return "";
        }
    }
}
