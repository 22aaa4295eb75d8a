package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.egress;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.rule.Direction;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for all policies, tried on generated ones. A failure names its seed. */
class PolicyPropertiesTest {
    private static final int FLOWS = 200;

    static LongStream seeds() {
        return LongStream.range(0, 100);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whatIsCompiledAllowsWhatIsEvaluated(long seed) {
        var generated = new GeneratedPolicies(seed);
        List<NetworkPolicy> policies = generated.policies();
        PolicySubject subject = generated.subject();
        CompiledPolicy compiled = PolicyCompiler.compile(subject, policies);

        for (Flow flow : generated.flows(FLOWS)) {
            Decision decision = egress(policies, subject, flow);
            assertThat(Compiled.lets(compiled, Direction.EGRESS, flow))
                    .as("%s: %s", flow, decision)
                    .isEqualTo(decision instanceof Allowed);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void boxesAreDisjointSortedAndFree(long seed) {
        var generated = new GeneratedPolicies(seed);
        List<Allow> boxes = PolicyCompiler.compile(generated.subject(), generated.policies())
                .egress();
        List<Cidr> cidrs = boxes.stream().map(box -> Cidr.parse(box.cidr())).toList();

        for (int one = 0; one < boxes.size(); one++) {
            for (int other = one + 1; other < boxes.size(); other++) {
                boolean apart = boxes.get(one).protocol() != boxes.get(other).protocol()
                        || boxes.get(one).endPort() < boxes.get(other).port()
                        || boxes.get(other).endPort() < boxes.get(one).port()
                        || !(cidrs.get(one).contains(cidrs.get(other))
                                || cidrs.get(other).contains(cidrs.get(one)));
                assertThat(apart)
                        .as("%s and %s", boxes.get(one), boxes.get(other))
                        .isTrue();
            }
        }
        for (String invariant : Invariants.cidrs()) {
            Cidr denied = Cidr.parse(invariant);
            assertThat(cidrs).noneMatch(cidr -> cidr.contains(denied) || denied.contains(cidr));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void orderDoesNotMatter(long seed) {
        var generated = new GeneratedPolicies(seed);
        List<NetworkPolicy> policies = generated.policies();
        PolicySubject subject = generated.subject();
        var shuffledPolicies = new ArrayList<>(policies);
        Collections.shuffle(shuffledPolicies, new Random(seed));
        var shuffledRules = new ArrayList<>(subject.inlineRules());
        Collections.shuffle(shuffledRules, new Random(seed));
        var shuffled = new PolicySubject(subject.namespace(), subject.labels(), shuffledRules);

        assertThat(PolicyCompiler.compile(shuffled, shuffledPolicies))
                .isEqualTo(PolicyCompiler.compile(subject, policies));
        assertThat(PolicyGroup.nameOf(shuffled)).isEqualTo(PolicyGroup.nameOf(subject));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void addingAPolicyNeverRemovesAFlow(long seed) {
        var generated = new GeneratedPolicies(seed);
        List<NetworkPolicy> more = generated.policies();
        PolicySubject subject = generated.subject();
        List<NetworkPolicy> fewer = more.subList(0, more.size() - 1);

        for (Flow flow : generated.flows(FLOWS)) {
            if (egress(fewer, subject, flow) instanceof Allowed) {
                assertThat(egress(more, subject, flow)).as(flow.toString()).isInstanceOf(Allowed.class);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anyDecompositionHasTheSameHash(long seed) {
        var generated = new GeneratedPolicies(seed);
        CompiledPolicy compiled = PolicyCompiler.compile(generated.subject(), generated.policies());
        List<Allow> pieces = new ArrayList<>();
        compiled.egress().forEach(box -> pieces.addAll(generated.pieces(box)));
        Collections.shuffle(pieces, new Random(seed));

        assertThat(RulesetHash.of(pieces)).isEqualTo(compiled.hash());
    }
}
