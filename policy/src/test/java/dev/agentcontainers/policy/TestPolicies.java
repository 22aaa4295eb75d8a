package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;

/** Reads the policies of tests from the YAML that users write. */
final class TestPolicies {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    private TestPolicies() {}

    /** A NetworkPolicy of namespace team-a; {@code spec} is a YAML flow mapping. */
    static NetworkPolicy networkPolicy(String name, String spec) {
        return YAML.unmarshal("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: team-a}
                spec: %s
                """.formatted(name, spec), NetworkPolicy.class);
    }

    /** An EgressPolicy of namespace team-a; {@code spec} is a YAML flow mapping. */
    static EgressPolicy egressPolicy(String name, String spec) {
        return YAML.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: %s, namespace: team-a}
                spec: %s
                """.formatted(name, spec), EgressPolicy.class);
    }

    /** An agent of namespace team-a with label app=web; {@code egress} is a YAML flow sequence. */
    static PolicySubject subject(String egress) {
        return PolicySubject.of(YAML.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: a, namespace: team-a, labels: {app: web, tier: back}}
                spec: {isolation: {className: process}, command: [x], network: {egress: %s}}
                """.formatted(egress), AgentContainer.class));
    }

    static PolicySubject subject() {
        return subject("[]");
    }

    /** An agent that is that subject. */
    static Endpoint.Agent agent(PolicySubject subject) {
        return new Endpoint.Agent(
                subject.namespace(), "a", subject.labels(), List.of(), List.of(), subject.inlineRules());
    }

    /** What is decided at an agent that is that subject, where no other endpoint is known. */
    static Decision egress(List<NetworkPolicy> policies, PolicySubject subject, Flow flow) {
        Flow sent = new Flow(Party.of(agent(subject)), flow.destination(), flow.protocol(), flow.port());
        return Evaluator.evaluate(Policies.of(policies), Endpoints.NONE, sent).egress();
    }
}
