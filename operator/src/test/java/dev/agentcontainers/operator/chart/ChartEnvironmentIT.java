package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.binaries.Helm;
import dev.agentcontainers.nodeagent.app.NodeConfiguration;
import dev.agentcontainers.operator.app.EnrolmentConfiguration;
import dev.agentcontainers.operator.app.GatewayConfiguration;
import dev.agentcontainers.operator.app.OperatorSettings;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every variable that the chart sets is read by the program that it is set for. */
class ChartEnvironmentIT {
    /** Read by the JVM, by the shell's search, or by other variables' values: not configuration of the programs. */
    private static final Set<String> NOT_CONFIGURATION = Set.of("JDK_JAVA_OPTIONS", "PATH");

    private static final String EVERYTHING =
            "nodeAgent.windows.enabled=true,nodeAgent.windows.image.repository=example.org/windows,"
                    + "enrolment.apiServerUrl=https://api:6443,gateway.names={gateway.example.org}";

    @TempDir
    static Path scratch;

    private static List<Object> objects;

    @BeforeAll
    static void render() {
        try {
            Path helm = Helm.findOrBuild(System.getenv(), line -> System.err.println("helm: " + line));
            String yaml = Helm.command(helm, scratch.resolve("none"), scratch)
                    .run("template", "t", Charts.MAIN.toString(), "-n", "elsewhere", "--set", EVERYTHING);
            objects = Serialization.unmarshal(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)));
        } catch (MissingPrerequisiteException e) {
            Assumptions.abort(e.getMessage());
        }
    }

    @Test
    void theOperatorReadsWhatTheChartSets() {
        PodSpec pod = all(Deployment.class)
                .findFirst()
                .orElseThrow()
                .getSpec()
                .getTemplate()
                .getSpec();
        assertThat(unread(pod, OperatorSettings.class, GatewayConfiguration.class, EnrolmentConfiguration.class))
                .isEmpty();
    }

    @Test
    void nodeAgentsReadWhatTheChartSets() {
        assertThat(nodeAgents()).hasSize(2);
        assertThat(nodeAgents().flatMap(pod -> unread(pod, NodeConfiguration.class).stream()))
                .isEmpty();
    }

    /** A node agent of the chart has all that it needs to join. */
    @Test
    void nodeAgentsAreToldHowToJoin() {
        assertThat(nodeAgents().map(ChartEnvironmentIT::names))
                .allSatisfy(names -> assertThat(names)
                        .contains(
                                "AGENTCONTAINERS_NODE_NAME",
                                "AGENTCONTAINERS_NODE_JOIN_GATEWAY",
                                "AGENTCONTAINERS_NODE_JOIN_CA_FILE",
                                "AGENTCONTAINERS_NODE_JOIN_TOKEN_FILE"));
    }

    private static Stream<PodSpec> nodeAgents() {
        return all(DaemonSet.class).map(set -> set.getSpec().getTemplate().getSpec());
    }

    private static List<String> names(PodSpec pod) {
        return pod.getContainers().stream()
                .flatMap(container -> container.getEnv().stream())
                .map(EnvVar::getName)
                .toList();
    }

    private static List<String> unread(PodSpec pod, Class<?>... mappings) {
        Set<String> read = Stream.of(mappings)
                .flatMap(mapping -> ConfigMappings.getProperties(ConfigClass.configClass(mapping)).keySet().stream())
                .map(property -> property.replaceAll("[^a-z0-9]", "_").toUpperCase(Locale.ROOT))
                .collect(Collectors.toSet());
        assertThat(read).isNotEmpty();
        String values = pod.getContainers().toString();
        return names(pod).stream()
                .filter(name -> !read.contains(name))
                .filter(name -> !name.startsWith("QUARKUS_") && !NOT_CONFIGURATION.contains(name))
                .filter(name -> !values.contains("$(" + name + ")"))
                .toList();
    }

    private static <T> Stream<T> all(Class<T> type) {
        return objects.stream().filter(type::isInstance).map(type::cast);
    }
}
