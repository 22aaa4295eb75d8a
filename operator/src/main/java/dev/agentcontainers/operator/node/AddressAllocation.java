package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Gives each node a range of addresses that no other has. One at a time, from an uncached list: nodes join rarely. */
public final class AddressAllocation {
    private final KubernetesClient client;
    private final AddressPool pool;

    public AddressAllocation(KubernetesClient client, AddressPool pool) {
        this.client = client;
        this.pool = pool;
    }

    /**
     * Writes a range into the node's spec.
     *
     * @return whether there was one left
     */
    public synchronized boolean allocate(AgentNode node) {
        List<String> taken = client.resources(AgentNode.class).list().getItems().stream()
                .filter(other -> other.getSpec() != null)
                .map(other -> other.getSpec().agentCIDR())
                .filter(Objects::nonNull)
                .toList();
        Optional<String> range = pool.lowestFree(taken);
        range.ifPresent(cidr -> client.resource(node)
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        // The version makes the API server refuse the patch where anyone has changed the node
                        // meanwhile.
                        "{\"metadata\":{\"resourceVersion\":\"%s\"},\"spec\":{\"agentCIDR\":\"%s\"}}"
                                .formatted(node.getMetadata().getResourceVersion(), cidr)));
        return range.isPresent();
    }
}
