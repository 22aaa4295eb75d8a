package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.ManifestReader;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.protocol.local.ClientMessage;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.stream.Stream;

/** What a user asks for, checked: nothing of it is believed because a client has sent it. */
final class RunRequest {
    /** Of namespaces that are the system's: Kubernetes' own (its documentation, "Namespaces"), this project's and nodes'. */
    private static final List<String> RESERVED = List.of("kube-", "agentcontainers-", "agentnode-");

    private RunRequest() {}

    /** The objects of the run, with namespaces that a user may have. */
    static RunObjects objects(ClientMessage.Run request) throws InvalidManifestException {
        if (request.namespace() == null || request.manifests() == null) {
            throw new InvalidManifestException(
                    "the request", "has no " + (request.namespace() == null ? "namespace" : "manifests"));
        }
        ManifestReader reader = new ManifestReader(request.namespace());
        for (ClientMessage.Manifest manifest : request.manifests()) {
            reader.read(manifest.origin(), manifest.yaml());
        }
        RunObjects objects = reader.objects();
        refuseIfReserved("the namespace of objects that name none (-n)", request.namespace());
        Stream<HasMetadata> all = Stream.of(
                        Stream.of(objects.agent()),
                        objects.configMaps().stream(),
                        objects.secrets().stream(),
                        objects.networkPolicies().stream(),
                        objects.egressPolicies().stream())
                .flatMap(each -> each);
        for (HasMetadata object : all.toList()) {
            refuseIfReserved(
                    object.getKind() + " " + object.getMetadata().getName() + ": metadata.namespace",
                    object.getMetadata().getNamespace());
        }
        return objects;
    }

    private static void refuseIfReserved(String field, String namespace) throws InvalidManifestException {
        for (String prefix : RESERVED) {
            if (namespace.startsWith(prefix)) {
                throw new InvalidManifestException(
                        field,
                        "is '%s', but namespaces that begin with %s are the system's; name one of your own"
                                .formatted(namespace, prefix));
            }
        }
    }
}
