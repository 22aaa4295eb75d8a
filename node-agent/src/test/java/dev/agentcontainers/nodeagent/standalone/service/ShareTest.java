package dev.agentcontainers.nodeagent.standalone.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.ManifestReader;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import io.fabric8.kubernetes.api.model.Quantity;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShareTest {
    private final Share share = new Share(
            new ServiceSettings(Path.of("/run/test.sock"), "group", 3, 2, 50, List.of()),
            new MachineFacts(OperatingSystem.linux, Architecture.amd64, "6.1", "Debian", 4000, 1L << 30, 1, "boot"));

    @Test
    void givesPartsUntilTheMachinesShareIsTaken() throws Exception {
        Share.Part most = share.take("ann", limited("limits: {cpu: 1500m, memory: 100Mi}"));

        assertThatThrownBy(() -> share.take("bob", limited("limits: {cpu: 501m, memory: 100Mi}")))
                .isInstanceOf(RefusedRunException.class)
                .hasMessageContaining("spec.resources.limits.cpu: is 501m")
                .hasMessageContaining("500m are free");
        assertThatThrownBy(() -> share.take("bob", limited("limits: {cpu: 1m, memory: 500Mi}")))
                .hasMessageContaining("spec.resources.limits.memory");
        share.giveBack(most);
        share.take("bob", limited("limits: {cpu: 2, memory: 500Mi}"));
    }

    @Test
    void limitsTheRunsOfAUserAndOfAll() throws Exception {
        AgentContainer small = limited("limits: {cpu: 10m, memory: 1Mi}");
        Share.Part first = share.take("ann", small);
        share.take("ann", small);

        assertThatThrownBy(() -> share.take("ann", small)).hasMessageContaining("ann has 2 runs under way");
        share.take("bob", small);
        assertThatThrownBy(() -> share.take("cid", small)).hasMessageContaining("3 runs are under way");
        share.giveBack(first);
        share.take("cid", small);
    }

    @Test
    void setsTheLimitsThatAreMissing() throws Exception {
        AgentContainer agent = limited("limits: {pids: 7}");

        assertThat(agent.getSpec().resources().limits().cpu()).isEqualTo(new Quantity("1000m"));
        assertThat(agent.getSpec().resources().limits().memory().getNumericalAmount())
                .isBetween(java.math.BigDecimal.valueOf(200 << 20), java.math.BigDecimal.valueOf(256 << 20));
        assertThat(agent.getSpec().resources().limits().pids()).isEqualTo(7);
    }

    private AgentContainer limited(String resources) throws InvalidManifestException {
        ManifestReader reader = new ManifestReader("default");
        reader.read("test", """
                {apiVersion: agentcontainers.dev/v1alpha1, kind: AgentContainer, metadata: {name: a},
                 spec: {isolation: {className: process}, command: [x], resources: {%s}}}
                """.formatted(resources));
        return share.limited(reader.objects().agent());
    }
}
