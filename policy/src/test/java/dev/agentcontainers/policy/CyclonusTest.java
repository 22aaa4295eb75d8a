package dev.agentcontainers.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import dev.agentcontainers.policy.rule.Direction;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares the evaluator with the verdicts of cyclonus (github.com/mattfenwick/cyclonus) for each step of its test cases.
 * The generator of the tables stands in {@code src/test/cyclonus}. A failure names the case, the flow and both verdicts.
 */
class CyclonusTest {
    private static final List<Step> STEPS = read();

    static List<Step> steps() {
        return STEPS;
    }

    @Test
    void theTablesAreWhole() {
        List<Step> single = STEPS.stream().filter(step -> step.steps() == 1).toList();

        assertThat(single).hasSize(214);
        assertThat(single.stream().mapToInt(Step::flows).sum()).isEqualTo(92_448);
        assertThat(STEPS.stream().map(Step::number).distinct()).hasSize(230);
        assertThat(STEPS.stream().mapToInt(Step::flows).sum()).isEqualTo(111_036);
        assertThat(single)
                .filteredOn(step -> bits(step.allowed()).cardinality() < step.flows())
                .hasSize(204);
    }

    @ParameterizedTest
    @MethodSource("steps")
    void agreesOnPods(Step step) {
        List<Endpoint.Workload> pods = step.workloads(Pod::asPod);

        compare(step, pods, step.egress(), verdict -> verdict.egress().isAllowed());
        compare(step, pods, step.ingress(), verdict -> verdict.ingress().isAllowed());
        compare(step, pods, step.allowed(), Verdict::isAllowed);
    }

    /** AgentContainers are like Pods of namespaces in which a policy isolates all of them. */
    @ParameterizedTest
    @MethodSource("steps")
    void agreesOnAgents(Step step) {
        compare(step, step.workloads(Pod::asAgent), step.fenced(), Verdict::isAllowed);
    }

    /** Each end as it is compiled from its own policies. */
    @ParameterizedTest
    @MethodSource("steps")
    void rulesetsAgreeOnAgents(Step step) {
        List<Endpoint.Workload> agents = step.workloads(Pod::asAgent);
        Endpoints endpoints = new Endpoints(step.requireCluster().namespaces(), agents);
        PolicyCompiler compiler = new PolicyCompiler(Policies.of(step.policies()), endpoints);
        Map<Endpoint.Workload, CompiledPolicy> compiled = new HashMap<>();
        agents.forEach(agent -> compiled.put(agent, compiler.compile(Compiled.subject((Endpoint.Agent) agent))));

        compare(
                step,
                agents,
                step.fenced(),
                flow -> Compiled.lets(
                                Objects.requireNonNull(
                                        compiled.get(flow.source().endpoint())),
                                Direction.EGRESS,
                                flow)
                        && Compiled.lets(
                                Objects.requireNonNull(
                                        compiled.get(flow.destination().endpoint())),
                                Direction.INGRESS,
                                flow),
                endpoints);
    }

    private static void compare(
            Step step, List<Endpoint.Workload> workloads, String expected, Predicate<Verdict> actual) {
        Policies policies = Policies.of(step.policies());
        Endpoints endpoints = new Endpoints(step.requireCluster().namespaces(), workloads);
        compare(
                step,
                workloads,
                expected,
                flow -> actual.test(Evaluator.evaluate(policies, endpoints, flow)),
                endpoints);
    }

    private static void compare(
            Step step,
            List<Endpoint.Workload> workloads,
            String expected,
            Predicate<Flow> actual,
            Endpoints endpoints) {
        BitSet allowed = bits(expected);
        List<String> mismatches = new ArrayList<>();
        int index = 0;
        for (Endpoint.Workload source : workloads) {
            for (Endpoint.Workload destination : workloads) {
                if (source == destination) {
                    continue;
                }
                for (ServedPort port : destination.ports()) {
                    // By address alone: whose they are has to be found out.
                    Flow flow = new Flow(
                                    Party.at(source.addresses().getFirst().address()),
                                    Party.at(destination.addresses().getFirst().address()),
                                    port.protocol(),
                                    port.number())
                            .identifiedIn(endpoints);
                    if (actual.test(flow) != allowed.get(index)) {
                        mismatches.add("%s → %s of %s: cyclonus says %s"
                                .formatted(source, flow, destination, allowed.get(index)));
                    }
                    index++;
                }
            }
        }
        assertThat(index).isEqualTo(step.flows());
        assertThat(mismatches).as("%s, policies %s", step, step.policies()).isEmpty();
    }

    /** The highest bit of the first byte comes first. */
    private static BitSet bits(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        BitSet bits = new BitSet();
        for (int index = 0; index < bytes.length * 8; index++) {
            bits.set(index, (bytes[index / 8] >> (7 - index % 8) & 1) == 1);
        }
        return bits;
    }

    private static List<Step> read() {
        ObjectMapper json = new ObjectMapper();
        try (var lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Objects.requireNonNull(CyclonusTest.class.getResourceAsStream("cyclonus.json.gz"))),
                UTF_8))) {
            Cluster initial = json.readValue(lines.readLine(), Cluster.class);
            List<Step> steps = new ArrayList<>();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                steps.add(json.readValue(line, Step.class).in(initial));
            }
            return steps;
        } catch (IOException e) {
            throw new IllegalStateException("the tables can't be read", e);
        }
    }

    record Cluster(Map<String, Map<String, String>> namespaces, List<Pod> pods) {}

    record Pod(String namespace, String name, String address, Map<String, String> labels, List<Port> ports) {
        Endpoint.Workload asPod() {
            return new Endpoint.Pod(namespace, name, labels, addresses(), served());
        }

        Endpoint.Workload asAgent() {
            return new Endpoint.Agent(namespace, name, labels, addresses(), served(), List.of());
        }

        private List<Cidr> addresses() {
            return List.of(Cidr.parse(address));
        }

        private List<ServedPort> served() {
            return ports.stream()
                    .map(port -> new ServedPort(port.name(), port.protocol(), port.port()))
                    .toList();
        }
    }

    record Port(String name, Protocol protocol, int port) {}

    record Step(
            @JsonProperty("case") int number,
            int step,
            int steps,
            String name,
            @Nullable Cluster cluster,
            List<NetworkPolicy> policies,
            int flows,
            String egress,
            String ingress,
            String allowed,
            String fenced) {
        Step in(Cluster initial) {
            return cluster != null
                    ? this
                    : new Step(number, step, steps, name, initial, policies, flows, egress, ingress, allowed, fenced);
        }

        Cluster requireCluster() {
            return Objects.requireNonNull(cluster);
        }

        List<Endpoint.Workload> workloads(Function<Pod, Endpoint.Workload> kind) {
            return requireCluster().pods().stream().map(kind).toList();
        }

        @Override
        public String toString() {
            return "case %d, step %d of %d: %s".formatted(number, step, steps, name);
        }
    }
}
