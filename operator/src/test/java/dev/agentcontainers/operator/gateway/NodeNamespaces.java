package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.node.NodeProvisioning;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Clock;
import java.util.Optional;

/** What the operator's controller of AgentNodes does at enrolment, without the rest of the operator. */
final class NodeNamespaces implements AutoCloseable {
    private final KubernetesClient client;
    private final NodeProvisioning provisioning;
    private final SharedIndexInformer<AgentNode> informer;

    NodeNamespaces(KubernetesClient client) {
        this.client = client;
        this.provisioning = new NodeProvisioning(client, new UncachedFleet(client), Clock.systemUTC());
        this.informer = client.resources(AgentNode.class).inform(new ResourceEventHandler<>() {
            @Override
            public void onAdd(AgentNode node) {
                prepare(node);
            }

            @Override
            public void onUpdate(AgentNode before, AgentNode node) {
                prepare(node);
            }

            @Override
            public void onDelete(AgentNode node, boolean unknown) {
                provisioning.release(node);
                provisioning.deleteNamespace(node);
            }
        });
    }

    /** Reads the namespaces themselves; nothing else is asked for here. */
    private static final class UncachedFleet extends Fleet {
        private final KubernetesClient client;

        UncachedFleet(KubernetesClient client) {
            this.client = client;
        }

        @Override
        public Optional<Namespace> nodeNamespace(String name) {
            return Optional.ofNullable(client.namespaces().withName(name).get());
        }
    }

    private void prepare(AgentNode node) {
        if (node.getStatus() == null || node.getStatus().namespace() == null) {
            provisioning.ensure(node);
            String namespace = NodeNamespace.of(node.getMetadata().getName());
            node.setStatus(new AgentNodeStatus(namespace, null, null, null, null, null, null, null, null, null, null));
            client.resource(node).updateStatus();
        }
    }

    @Override
    public void close() {
        informer.close();
    }
}
