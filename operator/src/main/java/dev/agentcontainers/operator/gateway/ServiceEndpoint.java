package dev.agentcontainers.operator.gateway;

import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sends what comes to the gateway's Service to the one process that leads. The Service selects no Pods; its only EndpointSlice is
 * written by the leader, so a new leader's first write takes the place of the old one's and nothing of that has to be tidied up.
 */
public final class ServiceEndpoint {
    private static final String FIELD_MANAGER = "agentcontainers-gateway";
    private static final String SERVICE_NAME = "kubernetes.io/service-name";
    private static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";

    private final KubernetesClient client;
    private final String namespace;
    private final String service;
    private final Place place;

    /**
     * Where this process is.
     *
     * @param address its Pod's
     * @param pod the Pod's name
     * @param node the Kubernetes Node that it runs on
     */
    public record Place(String address, Optional<String> pod, Optional<String> node) {}

    /**
     * @param namespace the operator's own
     * @param service the Service's name, and that of the EndpointSlice
     */
    public ServiceEndpoint(KubernetesClient client, String namespace, String service, Place place) {
        this.client = client;
        this.namespace = namespace;
        this.service = service;
        this.place = place;
    }

    /**
     * Directs the Service here, where it isn't yet.
     *
     * @param port that the gateway listens on
     * @throws IllegalStateException where there is no such Service
     */
    public void claim(int port) {
        Service found =
                client.services().inNamespace(namespace).withName(service).get();
        if (found == null) {
            throw new IllegalStateException("agentcontainers.gateway.name: there is no Service %s in namespace %s"
                    .formatted(service, namespace));
        }
        EndpointSlice wanted = slice(found, port);
        @Nullable EndpointSlice present = read();
        if (present != null && !wanted.getAddressType().equals(present.getAddressType())) {
            // A leader with an address of the other family wrote it; that can't be changed.
            client.resource(present).delete();
            present = null;
        }
        if (present == null || !says(present, wanted)) {
            write(wanted);
        }
    }

    /** Where the Service is still directed here: directs it to nobody, so that callers are refused at once and try again. */
    public void release() {
        @Nullable EndpointSlice present = read();
        if (present != null && directsHere(present)) {
            present.setEndpoints(List.of());
            // Carries the version: a successor's write is not undone.
            client.resource(present).update();
        }
    }

    private @Nullable EndpointSlice read() {
        return client.discovery()
                .v1()
                .endpointSlices()
                .inNamespace(namespace)
                .withName(service)
                .get();
    }

    private void write(EndpointSlice slice) {
        client.resource(slice)
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(FIELD_MANAGER)
                        .withForce(true)
                        .build());
    }

    private boolean directsHere(EndpointSlice slice) {
        return slice.getEndpoints() != null
                && slice.getEndpoints().stream()
                        .anyMatch(endpoint -> endpoint.getAddresses().contains(place.address()));
    }

    private static boolean says(EndpointSlice present, EndpointSlice wanted) {
        return wanted.getEndpoints().equals(present.getEndpoints())
                && wanted.getPorts().equals(present.getPorts())
                && wanted.getMetadata()
                        .getOwnerReferences()
                        .equals(present.getMetadata().getOwnerReferences());
    }

    private EndpointSlice slice(Service owner, int port) {
        ServicePort first = owner.getSpec().getPorts().getFirst();
        return new EndpointSliceBuilder()
                .withNewMetadata()
                .withName(service)
                .withNamespace(namespace)
                .withLabels(Map.of(SERVICE_NAME, service, MANAGED_BY, "agentcontainers.dev"))
                // Goes with the Service.
                .withOwnerReferences(new OwnerReferenceBuilder()
                        .withApiVersion("v1")
                        .withKind("Service")
                        .withName(service)
                        .withUid(owner.getMetadata().getUid())
                        .build())
                .endMetadata()
                .withAddressType(place.address().contains(":") ? "IPv6" : "IPv4")
                .addNewPort()
                .withName(first.getName())
                .withProtocol("TCP")
                .withPort(port)
                .endPort()
                .withEndpoints(endpoint())
                .build();
    }

    private Endpoint endpoint() {
        EndpointBuilder endpoint = new EndpointBuilder()
                .withAddresses(place.address())
                .withNewConditions()
                .withReady(true)
                .withServing(true)
                .withTerminating(false)
                .endConditions();
        place.node().ifPresent(endpoint::withNodeName);
        place.pod()
                .ifPresent(pod -> endpoint.withNewTargetRef()
                        .withKind("Pod")
                        .withName(pod)
                        .withNamespace(namespace)
                        .endTargetRef());
        return endpoint.build();
    }
}
