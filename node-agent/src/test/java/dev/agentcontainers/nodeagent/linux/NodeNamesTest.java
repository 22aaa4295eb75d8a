package dev.agentcontainers.nodeagent.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeNamesTest {
    private static NodeSettings node(String name) {
        return new NodeSettings(name, Path.of("/state"), Path.of("/run"), 1, 1, 1);
    }

    @ParameterizedTest
    @CsvSource({
        "worker-1, agentfence-worker-1, /agentcontainers-worker-1",
        "7, agentfence-7, /agentcontainers-7",
        "ip-10-0-0-1.ec2.internal, agentfence-ip-10-0-0-1-ec2--f8d8022819ba,"
                + " /agentcontainers-ip-10-0-0-1-ec2-internal-f8d8022819ba",
        "a.b, agentfence-a-b-2e7336dc8eba, /agentcontainers-a-b-2e7336dc8eba",
        "a-b, agentfence-a-b, /agentcontainers-a-b",
    })
    void names(String node, String fence, String controlGroup) {
        assertThat(NodeNames.fence(node(node))).isEqualTo(fence);
        assertThat(NodeNames.controlGroup(node(node))).isEqualTo(controlGroup);
    }

    @Test
    void everyNameThatANodeMayHaveIsOneThatTheMachineTakesAndItsOwn() {
        String label = "a".repeat(63);
        List<String> nodes = List.of(
                "n",
                "n.n",
                "n-n",
                "n--n",
                "worker-1.example.com",
                "worker-1-example.com",
                "worker-1.example-com",
                "ip-10-0-0-1.ec2.internal",
                "ip-10-0-0-2.ec2.internal",
                "x".repeat(29),
                "x".repeat(30),
                "x".repeat(63),
                label + "." + label + "." + label + "." + "b".repeat(61),
                label + "." + label + "." + label + "." + "c".repeat(61),
                NodeNames.named("", "n.n", 40),
                NodeNames.named("", "worker-1.example.com", 40));
        Set<String> fences = new HashSet<>();
        Set<String> groups = new HashSet<>();
        for (String node : nodes) {
            String fence = NodeNames.fence(node(node));
            // Throws where it is not one.
            new LinuxFenceSettings(fence, Optional.empty(), Path.of("/run/netns"), Path.of("/run"), 1500);
            assertThat(fences.add(fence)).as(node).isTrue();
            String group = NodeNames.controlGroup(node(node));
            assertThat(group).matches("/[a-z0-9-]{1,80}");
            assertThat(groups.add(group)).as(node).isTrue();
        }
    }
}
