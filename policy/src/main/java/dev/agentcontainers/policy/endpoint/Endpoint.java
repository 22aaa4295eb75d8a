package dev.agentcontainers.policy.endpoint;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import io.fabric8.kubernetes.api.model.ContainerPort;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Something that policies select by labels and that has addresses, as far as they are known. */
public sealed interface Endpoint {
    String name();

    Map<String, String> labels();

    List<Cidr> addresses();

    /** The same endpoint with those addresses. */
    Endpoint withAddresses(List<Cidr> others);

    /** What NetworkPolicies and ClusterNetworkPolicies govern. */
    sealed interface Workload extends Endpoint {
        String namespace();

        List<ServedPort> ports();

        @Override
        Workload withAddresses(List<Cidr> others);
    }

    /** An AgentContainer. Without a policy it reaches nothing and nothing reaches it. */
    record Agent(
            String namespace,
            String name,
            Map<String, String> labels,
            List<Cidr> addresses,
            List<ServedPort> ports,
            List<EgressRule> inlineRules)
            implements Workload {
        public Agent {
            labels = Map.copyOf(labels);
            addresses = List.copyOf(addresses);
            ports = List.copyOf(ports);
            inlineRules = List.copyOf(inlineRules);
        }

        /**
         * The agent as its object tells; one that is over has no address.
         *
         * @throws IllegalArgumentException where its status has an address that is none
         */
        public static Agent of(AgentContainer agent) {
            var metadata = agent.getMetadata();
            var status = agent.getStatus();
            var network = agent.getSpec().network();
            boolean over =
                    status != null && (status.phase() == AgentPhase.Succeeded || status.phase() == AgentPhase.Failed);
            return new Agent(
                    metadata.getNamespace(),
                    metadata.getName(),
                    orEmpty(metadata.getLabels()),
                    status == null || over ? List.of() : parsed(orEmpty(status.addresses()).stream()),
                    orEmpty(agent.getSpec().ports()).stream()
                            .map(ServedPort::of)
                            .toList(),
                    network == null ? List.of() : orEmpty(network.egress()));
        }

        @Override
        public Agent withAddresses(List<Cidr> others) {
            return new Agent(namespace, name, labels, others, ports, inlineRules);
        }

        @Override
        public String toString() {
            return "AgentContainer " + namespace + "/" + name;
        }
    }

    /** A Pod with an address of its own. Without a policy it reaches everything and everything reaches it. */
    record Pod(String namespace, String name, Map<String, String> labels, List<Cidr> addresses, List<ServedPort> ports)
            implements Workload {
        private static final Set<String> OVER = Set.of("Succeeded", "Failed");

        public Pod {
            labels = Map.copyOf(labels);
            addresses = List.copyOf(addresses);
            ports = List.copyOf(ports);
        }

        /**
         * The Pod as its object tells. Empty for one that has no address of its own: on the host's network, where it is
         * the node to policies, or over.
         *
         * @throws IllegalArgumentException where its status has an address that is none
         */
        public static Optional<Pod> of(io.fabric8.kubernetes.api.model.Pod pod) {
            var status = pod.getStatus();
            if (Boolean.TRUE.equals(pod.getSpec().getHostNetwork())
                    || (status != null && status.getPhase() != null && OVER.contains(status.getPhase()))) {
                return Optional.empty();
            }
            // What init containers that stay serve counts as well.
            var containers = Stream.concat(
                    pod.getSpec().getContainers().stream(),
                    pod.getSpec().getInitContainers().stream()
                            .filter(container -> "Always".equals(container.getRestartPolicy())));
            return Optional.of(new Pod(
                    pod.getMetadata().getNamespace(),
                    pod.getMetadata().getName(),
                    orEmpty(pod.getMetadata().getLabels()),
                    status == null
                            ? List.of()
                            : parsed(orEmpty(status.getPodIPs()).stream().map(address -> address.getIp())),
                    containers
                            .flatMap(container -> container.getPorts().stream())
                            .flatMap(port -> port(port).stream())
                            .toList()));
        }

        private static Optional<ServedPort> port(ContainerPort port) {
            String name = port.getProtocol() == null ? Protocol.TCP.name() : port.getProtocol();
            return Arrays.stream(Protocol.values())
                    .filter(protocol -> protocol.name().equals(name) && port.getName() != null)
                    .map(protocol -> new ServedPort(port.getName(), protocol, port.getContainerPort()))
                    .findFirst();
        }

        @Override
        public Pod withAddresses(List<Cidr> others) {
            return new Pod(namespace, name, labels, others, ports);
        }

        @Override
        public String toString() {
            return "Pod " + namespace + "/" + name;
        }
    }

    /** A Node of the cluster. */
    record Node(String name, Map<String, String> labels, List<Cidr> addresses) implements Endpoint {
        private static final Set<String> IP_TYPES = Set.of("InternalIP", "ExternalIP");

        public Node {
            labels = Map.copyOf(labels);
            addresses = List.copyOf(addresses);
        }

        /**
         * The Node as its object tells.
         *
         * @throws IllegalArgumentException where its status has an address that is none
         */
        public static Node of(io.fabric8.kubernetes.api.model.Node node) {
            return new Node(
                    node.getMetadata().getName(),
                    orEmpty(node.getMetadata().getLabels()),
                    node.getStatus() == null
                            ? List.of()
                            : parsed(node.getStatus().getAddresses().stream()
                                    .filter(address -> IP_TYPES.contains(address.getType()))
                                    .map(address -> address.getAddress())));
        }

        @Override
        public Node withAddresses(List<Cidr> others) {
            return new Node(name, labels, others);
        }

        @Override
        public String toString() {
            return "Node " + name;
        }
    }

    private static List<Cidr> parsed(Stream<String> addresses) {
        List<Cidr> parsed = new ArrayList<>();
        addresses.filter(Objects::nonNull).distinct().forEach(text -> parsed.add(Party.address(text)));
        return parsed;
    }

    private static <K, V> Map<K, V> orEmpty(@Nullable Map<K, V> map) {
        return map == null ? Map.of() : map;
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
