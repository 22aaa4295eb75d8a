package dev.agentcontainers.cli.egress;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.record.RecordedFlow;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.Optional;

/** Recorded flows as policies are asked about them. Addresses that the record names no agent for are taken for whose they are now. */
public final class RecordedFlows {
    private RecordedFlows() {}

    /** What becomes of a recorded flow. */
    public sealed interface Reading {
        /** It can be judged. */
        record Judgeable(Flow flow) implements Reading {}

        /**
         * It can't.
         *
         * @param why in words that are the same for all flows with that reason
         */
        record NotJudgeable(String why) implements Reading {}
    }

    public static Reading in(Situation situation, RecordedFlow recorded) {
        Optional<Protocol> protocol = protocol(recorded.protocol());
        if (protocol.isEmpty() || recorded.port() < 1 || recorded.port() > 65535) {
            return new Reading.NotJudgeable("have another protocol than TCP, UDP and SCTP, or no port");
        }
        Optional<Party> source = recorded.source().isPresent()
                ? agent(situation, recorded.source().get(), Optional.empty(), Optional.empty())
                : address(recorded.sourceAddress(), Optional.empty());
        Optional<String> hostname = recorded.hostname().flatMap(DomainName::asked);
        Optional<Party> destination = recorded.destination().isPresent()
                ? agent(situation, recorded.destination().get(), Optional.of(recorded.address()), hostname)
                : address(recorded.address(), hostname);
        return source.isEmpty() || destination.isEmpty()
                ? new Reading.NotJudgeable("have an agent at an end that is not there, or an address that is none")
                : new Reading.Judgeable(new Flow(source.get(), destination.get(), protocol.get(), recorded.port()));
    }

    /** By the number of the Internet Assigned Numbers Authority. */
    public static Optional<Protocol> protocol(int number) {
        return switch (number) {
            case 6 -> Optional.of(Protocol.TCP);
            case 17 -> Optional.of(Protocol.UDP);
            case 132 -> Optional.of(Protocol.SCTP);
            default -> Optional.empty();
        };
    }

    /** At its present address, else at the one it had. */
    private static Optional<Party> agent(
            Situation situation, AgentName name, Optional<String> address, Optional<String> hostname) {
        Optional<Endpoint.Agent> agent = situation.agent(name);
        if (agent.isEmpty()) {
            return Optional.empty();
        }
        Optional<Cidr> present = agent.get().addresses().stream().findFirst();
        Optional<Cidr> its = present.isPresent() ? present : address.flatMap(RecordedFlows::single);
        return Optional.of(new Party(agent.get(), its.orElse(null), hostname.orElse(null)));
    }

    private static Optional<Party> address(String text, Optional<String> hostname) {
        return single(text).map(address -> new Party(null, address, hostname.orElse(null)));
    }

    /** Empty where the text is no address. */
    public static Optional<Cidr> single(String text) {
        try {
            return text.contains("/") ? Optional.empty() : Optional.of(Cidr.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
