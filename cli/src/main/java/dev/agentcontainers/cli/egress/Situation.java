package dev.agentcontainers.cli.egress;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.policy.CompiledFlows;
import dev.agentcontainers.policy.CompiledPolicy;
import dev.agentcontainers.policy.Decision;
import dev.agentcontainers.policy.Evaluator;
import dev.agentcontainers.policy.Flow;
import dev.agentcontainers.policy.Policies;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.Verdict;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.Direction;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Policies and those whom they are about, asked many times. The rules decide; where nodes let less pass than the rules say, because the
 * compiler left something out, that counts. Used by one thread.
 */
public final class Situation {
    private final Policies policies;
    private final Endpoints endpoints;
    private final PolicyCompiler compiler;
    private final Map<AgentName, Endpoint.Agent> agents = new TreeMap<>();
    private final Map<PolicySubject, Ruleset> rulesets = new HashMap<>();

    private record Ruleset(CompiledPolicy policy, CompiledFlows flows) {
        static Ruleset of(CompiledPolicy policy) {
            return new Ruleset(policy, new CompiledFlows(policy));
        }
    }

    public Situation(KnownObjects objects) {
        this(objects.policies(), objects.endpoints());
    }

    public Situation(Policies policies, Endpoints endpoints) {
        this.policies = policies;
        this.endpoints = endpoints;
        this.compiler = new PolicyCompiler(policies, endpoints);
        endpoints.workloads().forEach(workload -> {
            if (workload instanceof Endpoint.Agent agent) {
                agents.put(new AgentName(agent.namespace(), agent.name()), agent);
            }
        });
    }

    public Endpoints endpoints() {
        return endpoints;
    }

    /** All agents, by name. */
    public Map<AgentName, Endpoint.Agent> agents() {
        return Map.copyOf(agents);
    }

    public Optional<Endpoint.Agent> agent(AgentName name) {
        return Optional.ofNullable(agents.get(name));
    }

    /** The ruleset of the agent's policy group. */
    public CompiledPolicy compiled(Endpoint.Agent agent) {
        return ruleset(agent).policy();
    }

    private Ruleset ruleset(Endpoint.Agent agent) {
        return rulesets.computeIfAbsent(
                new PolicySubject(agent.namespace(), agent.labels(), agent.inlineRules(), agent.ports()),
                subject -> Ruleset.of(compiler.compile(subject)));
    }

    /** Of both ends. */
    public Judgement judge(Flow flow) {
        Flow identified = identified(flow);
        Verdict verdict = Evaluator.evaluate(policies, endpoints, identified);
        if (verdict.isAllowed() && !isLetThrough(identified, Direction.EGRESS)) {
            return leftOut(identified, identified.source());
        }
        if (verdict.isAllowed() && !isLetThrough(identified, Direction.INGRESS)) {
            return leftOut(identified, identified.destination());
        }
        return Judgement.of(verdict);
    }

    /** What the policies of the sender say, whatever nodes make of it. */
    public Decision egress(Flow flow) {
        return Evaluator.evaluate(policies, endpoints, identified(flow)).egress();
    }

    /** Of the end that sends alone. */
    public Judgement judgeEgress(Flow flow) {
        Flow identified = identified(flow);
        Verdict verdict = Evaluator.evaluate(policies, endpoints, identified);
        return verdict.egress().isAllowed() && !isLetThrough(identified, Direction.EGRESS)
                ? leftOut(identified, identified.source())
                : Judgement.of(new Verdict(verdict.egress(), new Decision.Ungoverned("not asked")));
    }

    private Flow identified(Flow flow) {
        return new Flow(
                endpoints.identified(flow.source()),
                endpoints.identified(flow.destination()),
                flow.protocol(),
                flow.port());
    }

    /** True also of what no ruleset is about: an end that is no agent, or the address of a peer that it does not have now. */
    private boolean isLetThrough(Flow flow, Direction direction) {
        Party self = direction == Direction.EGRESS ? flow.source() : flow.destination();
        Party peer = direction == Direction.EGRESS ? flow.destination() : flow.source();
        Cidr address = peer.address();
        if (!(self.endpoint() instanceof Endpoint.Agent agent)
                || address == null
                || (peer.endpoint() != null && !peer.endpoint().addresses().contains(address))) {
            return true;
        }
        CompiledFlows flows = ruleset(agent).flows();
        String domain = peer.domain();
        return flows.reaches(direction, address, flow.protocol(), flow.port())
                || (direction == Direction.EGRESS
                        && domain != null
                        && flows.opens(domain, address, flow.protocol(), flow.port()));
    }

    private Judgement leftOut(Flow flow, Party end) {
        String why = end.endpoint() instanceof Endpoint.Agent agent
                ? String.join("; ", compiled(agent).problems())
                : "";
        return Judgement.denied("%s is denied: rules allow it, but nodes are not told so%s"
                .formatted(flow, why.isEmpty() ? ", as no name opens such an address" : ": " + why));
    }

    /**
     * Of a question for a name.
     *
     * @param name as rules are compared with it
     */
    public Judgement judge(Endpoint.Agent agent, String name) {
        Optional<AllowedName> allowed = ruleset(agent).flows().resolves(name);
        if (allowed.isEmpty()) {
            return Judgement.denied("no rule of the agent's policies allows the name");
        }
        AllowedName rule = allowed.get();
        Flow flow = new Flow(Party.of(agent), Party.named(name), rule.protocol(), rule.port());
        // A question itself carries nothing: whatever may pass to what it leads to.
        return new Judgement(
                true,
                "",
                Judgement.oneEnd(Evaluator.evaluate(policies, endpoints, flow).egress()));
    }
}
