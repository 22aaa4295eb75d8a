package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** A destination in the form in which a rule names it. */
sealed interface Target {
    /** @param name as rules have it */
    record Domain(String name) implements Target {}

    /** One address, of which no name is known. */
    record Address(Cidr address) implements Target {}

    /** AgentContainers or Pods, whose addresses change. */
    record Workloads(String namespace, SortedMap<String, String> labels) implements Target {
        /** Labels that controllers put on Pods and that are others at the next rollout. */
        private static final Set<String> PASSING = Set.of(
                "pod-template-hash",
                "controller-revision-hash",
                "controller-uid",
                "batch.kubernetes.io/controller-uid",
                "pod-template-generation");

        static Workloads of(Endpoint.Workload workload) {
            SortedMap<String, String> lasting = new TreeMap<>(workload.labels());
            lasting.keySet().removeAll(PASSING);
            return new Workloads(workload.namespace(), lasting);
        }
    }
}
