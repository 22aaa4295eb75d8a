package dev.agentcontainers.operator.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeNamespaceTest {
    @Test
    void isTheNodesNameWhereThatFits() {
        assertThat(NodeNamespace.of("worker-1")).isEqualTo("agentnode-worker-1");
        assertThat(NodeNamespace.of("x".repeat(53))).isEqualTo("agentnode-" + "x".repeat(53));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "worker.example.com",
                "a.b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            })
    void isADnsLabelWhateverTheNodesName(String name) {
        assertThat(NodeNamespace.of(name))
                .matches("agentnode-[a-z0-9]([-a-z0-9]*[a-z0-9])?")
                .hasSizeLessThanOrEqualTo(63);
    }

    @Test
    void tellsSimilarNodesApart() {
        assertThat(NodeNamespace.of("a.b")).isNotEqualTo(NodeNamespace.of("a-b"));
        assertThat(NodeNamespace.of("x".repeat(54))).isNotEqualTo(NodeNamespace.of("x".repeat(55)));
    }
}
