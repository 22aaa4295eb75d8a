package dev.agentcontainers.policy.rule;

import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.List;

/** Whom a rule is about: the other end of a flow. Also the subject of a policy. */
public sealed interface Peer {
    /** Whether the party is one of the peer's. */
    boolean matches(Party party, Endpoints endpoints);

    /** The addresses that the peer stands for whatever endpoints there are, of one family. */
    AddressRanges addresses(AddressFamily family);

    /** Anybody. */
    record Everywhere() implements Peer {
        @Override
        public boolean matches(Party party, Endpoints endpoints) {
            return true;
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.everywhere(family);
        }
    }

    /** The addresses of a CIDR without some of them, whether they belong to an endpoint or not. */
    record Block(Cidr cidr, List<Cidr> except) implements Peer {
        public Block {
            except = List.copyOf(except);
        }

        @Override
        public boolean matches(Party party, Endpoints endpoints) {
            Cidr address = party.address();
            return address != null
                    && cidr.contains(address)
                    && except.stream().noneMatch(range -> range.contains(address));
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return cidr.family() == family
                    ? AddressRanges.of(cidr).minus(AddressRanges.ofFamily(family, except))
                    : AddressRanges.none(family);
        }
    }

    /** Agents and Pods with some labels in some namespaces. */
    record Selected(Namespaces namespaces, LabelSelector workloads) implements Peer {
        @Override
        public boolean matches(Party party, Endpoints endpoints) {
            return party.endpoint() instanceof Endpoint.Workload workload
                    && namespaces.matches(workload.namespace(), endpoints)
                    && LabelSelectors.matches(workloads, workload.labels());
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.none(family);
        }
    }

    /** Agents with some labels in a namespace, and no Pods: the subject of a policy that is for agents only. */
    record Agents(String namespace, LabelSelector agents) implements Peer {
        @Override
        public boolean matches(Party party, Endpoints endpoints) {
            return party.endpoint() instanceof Endpoint.Agent agent
                    && namespace.equals(agent.namespace())
                    && LabelSelectors.matches(agents, agent.labels());
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.none(family);
        }
    }

    /** Nodes with some labels. */
    record Nodes(LabelSelector nodes) implements Peer {
        @Override
        public boolean matches(Party party, Endpoints endpoints) {
            return party.endpoint() instanceof Endpoint.Node node && LabelSelectors.matches(nodes, node.labels());
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.none(family);
        }
    }

    /** What a domain name was resolved to. */
    record Domain(DomainName name) implements Peer {
        @Override
        public boolean matches(Party party, Endpoints endpoints) {
            return party.domain() != null && name.matches(party.domain());
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.none(family);
        }
    }

    /** A peer that can't be read. It is nobody. */
    record Unreadable(String problem) implements Peer {
        @Override
        public boolean matches(Party party, Endpoints endpoints) {
            return false;
        }

        @Override
        public AddressRanges addresses(AddressFamily family) {
            return AddressRanges.none(family);
        }
    }

    /** Some namespaces. */
    sealed interface Namespaces {
        boolean matches(String namespace, Endpoints endpoints);

        /** One by its name. */
        record Named(String name) implements Namespaces {
            @Override
            public boolean matches(String namespace, Endpoints endpoints) {
                return name.equals(namespace);
            }
        }

        /** Those with some labels. */
        record Labelled(LabelSelector selector) implements Namespaces {
            @Override
            public boolean matches(String namespace, Endpoints endpoints) {
                return LabelSelectors.matches(selector, endpoints.namespaceLabels(namespace));
            }
        }
    }
}
