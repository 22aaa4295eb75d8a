package dev.agentcontainers.cli.chart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.binaries.Helm;
import dev.agentcontainers.nodeagent.app.NodeConfiguration;
import dev.agentcontainers.operator.app.EnrolmentConfiguration;
import dev.agentcontainers.operator.app.GatewayConfiguration;
import dev.agentcontainers.operator.app.OperatorSettings;
import io.fabric8.kubernetes.api.model.Container;
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
import java.util.Map;
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
            String folder = scratch.toString();
            String yaml = ExternalCommand.of(helm.toString(), "template", "t", Charts.MAIN.toString())
                    .with(List.of("-n", "elsewhere", "--set", EVERYTHING))
                    .withEnvironment(Map.of(
                            "KUBECONFIG", folder + "/none",
                            "HELM_CACHE_HOME", folder,
                            "HELM_CONFIG_HOME", folder,
                            "HELM_DATA_HOME", folder))
                    .run();
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
        assertThat(all(DaemonSet.class))
                .hasSize(2)
                .allSatisfy(set -> assertThat(unread(set.getSpec().getTemplate().getSpec(), NodeConfiguration.class))
                        .isEmpty());
    }

    /** A node agent of the chart has all that it needs to join. */
    @Test
    void nodeAgentsAreToldHowToJoin() {
        assertThat(all(DaemonSet.class))
                .allSatisfy(set -> assertThat(set.getSpec()
                                .getTemplate()
                                .getSpec()
                                .getContainers()
                                .getFirst()
                                .getEnv())
                        .extracting(EnvVar::getName)
                        .contains(
                                "AGENTCONTAINERS_NODE_NAME",
                                "AGENTCONTAINERS_NODE_JOIN_GATEWAY",
                                "AGENTCONTAINERS_NODE_JOIN_CA_FILE",
                                "AGENTCONTAINERS_NODE_JOIN_TOKEN_FILE"));
    }

    private static List<String> unread(PodSpec pod, Class<?>... mappings) {
        Set<String> read = Stream.of(mappings)
                .flatMap(mapping -> ConfigMappings.getProperties(ConfigClass.configClass(mapping)).keySet().stream())
                .map(property -> property.replaceAll("[^a-z0-9]", "_").toUpperCase(Locale.ROOT))
                .collect(Collectors.toSet());
        assertThat(read).isNotEmpty();
        List<Container> containers = pod.getContainers();
        String values = containers.toString();
        return containers.stream()
                .flatMap(container -> container.getEnv().stream())
                .map(EnvVar::getName)
                .filter(name -> !read.contains(name))
                .filter(name -> !name.startsWith("QUARKUS_") && !NOT_CONFIGURATION.contains(name))
                .filter(name -> !values.contains("$(" + name + ")"))
                .toList();
    }

    private static <T> Stream<T> all(Class<T> type) {
        return objects.stream().filter(type::isInstance).map(type::cast);
    }
}
