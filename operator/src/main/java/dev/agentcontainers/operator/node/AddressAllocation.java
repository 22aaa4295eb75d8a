package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeSpec;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Gives each node a range of addresses that no other has. One at a time, from an uncached list: nodes join rarely. */
public final class AddressAllocation {
    private static final String FIELD_MANAGER = NodeProvisioning.FIELD_MANAGER + "-addresses";

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
        range.ifPresent(cidr -> apply(node, cidr));
        return range.isPresent();
    }

    /**
     * The range is all that the operator owns of the spec. Under a name of its own: what one manager applies is all that it
     * owns, and the framework applies the finalizer under the operator's.
     */
    private void apply(AgentNode node, String cidr) {
        AgentNode applied = new AgentNode();
        applied.setMetadata(new ObjectMetaBuilder()
                .withName(node.getMetadata().getName())
                // Refused where anyone has changed the node meanwhile.
                .withResourceVersion(node.getMetadata().getResourceVersion())
                .build());
        applied.setSpec(new AgentNodeSpec(null, null, null, cidr, null));
        client.resource(applied)
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(FIELD_MANAGER)
                        .withForce(true)
                        .build());
    }
}
