package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.cli.egress.Judgement;
import dev.agentcontainers.cli.egress.KnownObjects;
import dev.agentcontainers.cli.egress.RecordedFlows;
import dev.agentcontainers.cli.egress.RecordedFlows.Reading;
import dev.agentcontainers.cli.egress.Situation;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.record.Recorded;
import dev.agentcontainers.cli.record.RecordedFlow;
import dev.agentcontainers.cli.record.Tally;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.Policies;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the record would have been by some EgressPolicies alone, at the agent's own end: neither inline rules nor NetworkPolicies nor
 * other EgressPolicies help; ClusterNetworkPolicies stay.
 *
 * @param flows how many different ones were tried
 * @param connections how often they occurred
 * @param names how many different names, of those that were connected to
 * @param denied what would not pass, and why
 */
record Replay(int flows, long connections, int names, List<String> denied) {
    Replay {
        denied = List.copyOf(denied);
    }

    /**
     * Of all that was allowed, and of what else is taken for evidence.
     *
     * @param withDenied whether what was denied counts as needed too
     */
    static Replay of(
            KnownObjects learned,
            KnownObjects all,
            AgentName name,
            Endpoint.Agent agent,
            Recorded recorded,
            Evidence evidence,
            boolean withDenied) {
        Situation situation = new Situation(
                Policies.of(List.of(), learned.egressPolicies(), all.clusterNetworkPolicies()), all.endpoints());
        Endpoint.Agent bare = new Endpoint.Agent(
                agent.namespace(), agent.name(), agent.labels(), agent.addresses(), agent.ports(), List.of());
        List<String> denied = new ArrayList<>();
        int flows = 0;
        long connections = 0;
        for (var entry : recorded.flows().entrySet()) {
            RecordedFlow flow = entry.getKey();
            Tally tally = entry.getValue();
            if (flow.source().equals(Optional.of(name))
                    && (tally.allowed() > 0 || evidence.isTaken(flow))
                    && RecordedFlows.in(situation, flow) instanceof Reading.Judgeable(Flow judgeable)) {
                flows++;
                connections += tally.allowed() + (withDenied ? tally.denied() : 0);
                Judgement judgement = situation.judgeEgress(
                        new Flow(Party.of(bare), judgeable.destination(), judgeable.protocol(), judgeable.port()));
                if (!judgement.allowed()) {
                    denied.add(judgement.why());
                }
            }
        }
        int names = 0;
        for (Target target : evidence.uses().keySet()) {
            if (target instanceof Target.Domain(String domain)) {
                names++;
                Judgement judgement =
                        situation.judge(bare, DomainName.asked(domain).orElse(domain));
                if (!judgement.allowed()) {
                    denied.add(domain + ": " + judgement.why());
                }
            }
        }
        return new Replay(flows, connections, names, denied);
    }

    boolean isClean() {
        return denied.isEmpty();
    }

    String summary() {
        return isClean()
                ? "Replayed against it, %d different flows (%d in all) and %d names: none is denied."
                        .formatted(flows, connections, names)
                : "Replayed against it, %d different flows and %d names: denied are %d."
                        .formatted(flows, names, denied.size());
    }
}
