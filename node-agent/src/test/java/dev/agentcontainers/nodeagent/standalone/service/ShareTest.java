package dev.agentcontainers.nodeagent.standalone.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.ManifestReader;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import io.fabric8.kubernetes.api.model.Quantity;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShareTest {
    private final Share share = new Share(
            new ServiceSettings(Path.of("/run/test.sock"), "group", 3, 2, 50, List.of()), TestService.MACHINE);

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
    void disksAndProcessesAreSharedToo() throws Exception {
        share.take("ann", limited("limits: {cpu: 1m, memory: 1Mi, ephemeral-storage: 3Gi, pids: 1500}"));

        assertThatThrownBy(() -> share.take("bob", limited("limits: {cpu: 1m, memory: 1Mi, ephemeral-storage: 2Gi}")))
                .isInstanceOf(RefusedRunException.class)
                .hasMessageContaining("spec.resources.limits.ephemeral-storage: is 2147483648 bytes, but")
                .hasMessageContaining("users' runs, 4294967296 bytes, 1073741824 bytes are free");
        assertThatThrownBy(() -> share.take("bob", limited("limits: {cpu: 1m, memory: 1Mi}")))
                .hasMessageContaining("spec.resources.limits.pids: is 512, but")
                .hasMessageContaining("users' runs, 2000, 500 are free");
        share.take("bob", limited("limits: {cpu: 1m, memory: 1Mi, ephemeral-storage: 1Gi, pids: 500}"));
    }

    @Test
    void aWorkspaceWithoutALimitCountsWithWhatItMayTake() throws Exception {
        String limits = "limits: {cpu: 1m, memory: 1Mi, ephemeral-storage: 4000Mi}";
        String small = "limits: {cpu: 1m, memory: 1Mi}";
        String writes = "filesystem: {mounts: [{path: /w, access: ReadWrite, source: {workspace: {}}}]}";
        String reads = "filesystem: {mounts: [{path: /w, access: ReadOnly, source: {workspace: {}}}]}";
        share.take("ann", limited(limits));

        assertThatThrownBy(() -> share.take("bob", limited(small, writes)))
                .hasMessageContaining(
                        "ephemeral-storage (not set, so what a run may write without): is 1073741824 bytes, but")
                .hasMessageContaining("100663296 bytes are free");
        share.take("bob", limited(small, reads));
    }

    /** The upper layer of its root is on the disk as a workspace is, and held to the same amount. */
    @Test
    void aRunFromAnImageCountsWithWhatItMayWriteToItsRoot() throws Exception {
        share.take("ann", limited("limits: {cpu: 1m, memory: 1Mi, ephemeral-storage: 4000Mi}"));
        String small = "limits: {cpu: 1m, memory: 1Mi}";

        assertThatThrownBy(() -> share.take("bob", limited(small, "image: registry.example.org/agent")))
                .isInstanceOf(RefusedRunException.class)
                .hasMessageContaining(
                        "ephemeral-storage (not set, so what a run may write without): is 1073741824 bytes, but")
                .hasMessageContaining("100663296 bytes are free");
        share.take(
                "bob",
                limited(
                        "limits: {cpu: 1m, memory: 1Mi, ephemeral-storage: 64Mi}",
                        "image: registry.example.org/agent"));
    }

    @Test
    void whoRequestsMoreThanASingleRunsPartIsLimitedToThat() throws Exception {
        AgentContainer agent = limited("requests: {cpu: 1500m, memory: 1Mi}");

        assertThat(agent.getSpec().resources().limits().cpu()).isEqualTo(new Quantity("1500m"));
        share.take("ann", agent);
        assertThatThrownBy(() -> share.take("bob", limited("requests: {cpu: 600m}, limits: {memory: 1Mi}")))
                .hasMessageContaining("spec.resources.limits.cpu: is 1000m")
                .hasMessageContaining("users' runs, 2000m, 500m are free");
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
        return limited(resources, "filesystem: {}");
    }

    private AgentContainer limited(String resources, String more) throws InvalidManifestException {
        ManifestReader reader = new ManifestReader("default");
        reader.read("test", """
                {apiVersion: agentcontainers.dev/v1alpha1, kind: AgentContainer, metadata: {name: a},
                 spec: {isolation: {className: process}, command: [x], resources: {%s}, %s}}
                """.formatted(resources, more));
        return share.limited(reader.objects().agent());
    }
}
