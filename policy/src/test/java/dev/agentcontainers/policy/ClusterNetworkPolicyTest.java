package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.House.clusterNetworkPolicy;
import static dev.agentcontainers.policy.House.policy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The cases of the conformance tests of sigs.k8s.io/network-policy-api for ClusterNetworkPolicy, retold as tables. Each test
 * is named by the conformance test that it tells.
 */
class ClusterNetworkPolicyTest {
    private static final String GRYFFINDOR = "gryffindor";

    /** CNPAdminTierEgressTCP, UDP and SCTP, CNPAdminTierGress. */
    @ParameterizedTest
    @CsvSource({"tcp/80, tcp/8080", "udp/53, udp/5353", "sctp/9003, sctp/9005"})
    void adminTierEgress(String first, String second) {
        List<String> rules = List.of(
                "Accept ravenclaw",
                "Deny ravenclaw",
                "Pass ravenclaw",
                "Deny slytherin " + first,
                "Pass slytherin " + first,
                "Accept hufflepuff " + second,
                "Deny hufflepuff");

        decides(admin("egress", rules), "gryffindor/0 > ravenclaw/0 " + first, true);
        decides(admin("egress", rules), "gryffindor/1 > ravenclaw/0 " + second, true);
        decides(admin("egress", rules), "gryffindor/0 > hufflepuff/1 " + second, true);
        decides(admin("egress", rules), "gryffindor/1 > hufflepuff/1 " + first, false);
        decides(admin("egress", rules), "gryffindor/0 > slytherin/0 " + first, false);
        decides(admin("egress", rules), "gryffindor/1 > slytherin/0 " + second, true);
        decides(admin("egress", rules), "ravenclaw/0 > slytherin/0 " + first, true);

        List<String> denyFirst = swapped(rules, 0, 1);
        decides(admin("egress", denyFirst), "gryffindor/0 > ravenclaw/1 " + first, false);
        decides(admin("egress", denyFirst), "gryffindor/1 > ravenclaw/1 " + second, false);

        List<String> passFirst = swapped(denyFirst, 0, 2);
        decides(admin("egress", passFirst), "gryffindor/0 > ravenclaw/0 " + first, true);
        decides(admin("egress", passFirst), "gryffindor/1 > ravenclaw/0 " + second, true);

        List<String> passAtPortFirst = swapped(rules, 3, 4);
        decides(admin("egress", passAtPortFirst), "gryffindor/0 > slytherin/0 " + first, true);
        decides(admin("egress", passAtPortFirst), "gryffindor/1 > slytherin/0 " + second, true);
    }

    /** CNPAdminTierIngressTCP, UDP and SCTP, CNPAdminTierGress. */
    @ParameterizedTest
    @CsvSource({"tcp/80, tcp/8080", "udp/53, udp/5353", "sctp/9003, sctp/9005"})
    void adminTierIngress(String first, String second) {
        List<String> rules = List.of(
                "Accept ravenclaw",
                "Deny ravenclaw",
                "Pass ravenclaw",
                "Deny slytherin " + first,
                "Pass slytherin " + first,
                "Accept hufflepuff " + first,
                "Deny hufflepuff");

        decides(admin("ingress", rules), "ravenclaw/0 > gryffindor/0 " + first, true);
        decides(admin("ingress", rules), "ravenclaw/1 > gryffindor/0 " + second, true);
        decides(admin("ingress", rules), "hufflepuff/0 > gryffindor/1 " + first, true);
        decides(admin("ingress", rules), "hufflepuff/1 > gryffindor/1 " + second, false);
        decides(admin("ingress", rules), "slytherin/0 > gryffindor/0 " + first, false);
        decides(admin("ingress", rules), "slytherin/1 > gryffindor/0 " + second, true);

        List<String> denyFirst = swapped(rules, 0, 1);
        decides(admin("ingress", denyFirst), "ravenclaw/0 > gryffindor/1 " + first, false);
        decides(admin("ingress", denyFirst), "ravenclaw/1 > gryffindor/1 " + second, false);

        List<String> passFirst = swapped(denyFirst, 0, 2);
        decides(admin("ingress", passFirst), "ravenclaw/0 > gryffindor/0 " + first, true);
        decides(admin("ingress", passFirst), "ravenclaw/1 > gryffindor/0 " + second, true);

        List<String> passAtPortFirst = swapped(rules, 3, 4);
        decides(admin("ingress", passAtPortFirst), "slytherin/0 > gryffindor/0 " + first, true);
        decides(admin("ingress", passAtPortFirst), "slytherin/1 > gryffindor/0 " + second, true);
    }

    /** CNPBaselineTierEgressTCP, UDP and SCTP, CNPBaselineTierGress. */
    @ParameterizedTest
    @CsvSource({"tcp/80, tcp/8080", "udp/53, udp/5353", "sctp/9003, sctp/9005"})
    void baselineTierEgress(String first, String second) {
        List<String> rules = List.of(
                "Accept ravenclaw",
                "Deny ravenclaw",
                "Deny slytherin " + first,
                "Accept hufflepuff " + second,
                "Deny hufflepuff");

        decides(baseline("egress", rules), "gryffindor/0 > ravenclaw/0 " + first, true);
        decides(baseline("egress", rules), "gryffindor/1 > ravenclaw/0 " + second, true);
        decides(baseline("egress", rules), "gryffindor/0 > hufflepuff/1 " + second, true);
        decides(baseline("egress", rules), "gryffindor/1 > hufflepuff/1 " + first, false);
        decides(baseline("egress", rules), "gryffindor/0 > slytherin/0 " + first, false);
        decides(baseline("egress", rules), "gryffindor/1 > slytherin/0 " + second, true);
        decides(baseline("egress", swapped(rules, 0, 1)), "gryffindor/0 > ravenclaw/1 " + first, false);
        decides(baseline("egress", swapped(rules, 0, 1)), "gryffindor/1 > ravenclaw/1 " + second, false);
    }

    /** CNPBaselineTierIngressTCP, UDP and SCTP, CNPBaselineTierGress. */
    @ParameterizedTest
    @CsvSource({"tcp/80, tcp/8080", "udp/53, udp/5353", "sctp/9003, sctp/9005"})
    void baselineTierIngress(String first, String second) {
        List<String> rules = List.of(
                "Accept ravenclaw",
                "Deny ravenclaw",
                "Deny slytherin " + first,
                "Accept hufflepuff " + first,
                "Deny hufflepuff");

        decides(baseline("ingress", rules), "ravenclaw/0 > gryffindor/0 " + first, true);
        decides(baseline("ingress", rules), "ravenclaw/1 > gryffindor/0 " + second, true);
        decides(baseline("ingress", rules), "hufflepuff/0 > gryffindor/1 " + first, true);
        decides(baseline("ingress", rules), "hufflepuff/1 > gryffindor/1 " + second, false);
        decides(baseline("ingress", rules), "slytherin/0 > gryffindor/0 " + first, false);
        decides(baseline("ingress", rules), "slytherin/1 > gryffindor/0 " + second, true);
        decides(baseline("ingress", swapped(rules, 0, 1)), "ravenclaw/0 > gryffindor/1 " + first, false);
        decides(baseline("ingress", swapped(rules, 0, 1)), "ravenclaw/1 > gryffindor/1 " + second, false);
    }

    /** CNPAdminTierGress: one policy with both directions and all protocols. */
    @ParameterizedTest
    @CsvSource({
        "gryffindor/0 > ravenclaw/0 tcp/80, true",
        "gryffindor/0 > ravenclaw/0 sctp/9005, true",
        "gryffindor/0 > slytherin/1 tcp/80, false",
        "gryffindor/0 > slytherin/1 udp/53, false",
        "gryffindor/0 > slytherin/1 sctp/9003, false",
        "gryffindor/1 > slytherin/1 tcp/8080, true",
        "gryffindor/1 > slytherin/1 udp/5353, true",
        "gryffindor/1 > slytherin/1 sctp/9005, true",
        "gryffindor/1 > hufflepuff/0 tcp/8080, true",
        "gryffindor/1 > hufflepuff/0 udp/5353, true",
        "gryffindor/1 > hufflepuff/0 sctp/9003, true",
        "gryffindor/1 > hufflepuff/0 tcp/80, false",
        "gryffindor/1 > hufflepuff/0 sctp/9005, false",
        "hufflepuff/0 > gryffindor/1 tcp/80, true",
        "hufflepuff/0 > gryffindor/1 udp/5353, true",
        "hufflepuff/0 > gryffindor/1 udp/53, false",
        "slytherin/0 > gryffindor/0 sctp/9003, false",
        "slytherin/0 > gryffindor/0 sctp/9005, true",
        "ravenclaw/1 > gryffindor/0 udp/53, true"
    })
    void adminTierGress(String flow, boolean allowed) {
        var gress = policy(
                "gress",
                "Admin",
                15,
                GRYFFINDOR,
                "egress: Accept ravenclaw; Deny ravenclaw; Pass ravenclaw; Deny slytherin tcp/80,udp/53,sctp/9003;"
                        + " Pass slytherin tcp/80,udp/53,sctp/9003; Accept hufflepuff tcp/8080,udp/5353,sctp/9003;"
                        + " Deny hufflepuff",
                "ingress: Accept ravenclaw; Deny ravenclaw; Pass ravenclaw; Deny slytherin tcp/80,udp/53,sctp/9003;"
                        + " Pass slytherin tcp/80,udp/53,sctp/9003; Accept hufflepuff tcp/80,udp/5353,sctp/9003;"
                        + " Deny hufflepuff");

        decides(List.of(gress), flow, allowed);
    }

    /** CNPAdminTierPriorityField. */
    @Test
    void adminTierPriorityField() {
        var deny = policy("deny", "Admin", 50, GRYFFINDOR, "ingress: Deny slytherin", "egress: Deny slytherin");
        var late = policy("pass", "Admin", 60, GRYFFINDOR, "ingress: Pass slytherin", "egress: Pass slytherin");
        var early = policy("pass", "Admin", 40, GRYFFINDOR, "ingress: Pass slytherin", "egress: Pass slytherin");
        var accept =
                policy("accept", "Baseline", 10, GRYFFINDOR, "ingress: Accept slytherin", "egress: Accept slytherin");

        for (String flow : List.of("gryffindor/0 > slytherin/1 udp/53", "slytherin/0 > gryffindor/1 tcp/80")) {
            decides(List.of(accept, late, deny), flow, false);
            decides(List.of(accept, early, deny), flow, true);
        }
    }

    /** CNPAdminTierSamePriority and CNPBaselineTierSamePriority. */
    @ParameterizedTest
    @CsvSource({
        "slytherin/0 > gryffindor/0 tcp/80, false",
        "gryffindor/0 > slytherin/0 tcp/80, false",
        "hufflepuff/0 > gryffindor/0 tcp/80, false",
        "gryffindor/1 > hufflepuff/0 tcp/80, false",
        "slytherin/1 > hufflepuff/0 tcp/8080, false",
        "hufflepuff/1 > slytherin/0 tcp/8080, false",
        "slytherin/0 > gryffindor/0 tcp/8080, true",
        "gryffindor/0 > slytherin/0 tcp/8080, true",
        "slytherin/1 > hufflepuff/0 tcp/80, true",
        "hufflepuff/0 > slytherin/0 tcp/80, true",
        "ravenclaw/0 > gryffindor/0 tcp/80, true",
        "gryffindor/1 > ravenclaw/0 tcp/80, true"
    })
    void samePriority(String flow, boolean allowed) {
        for (String tier : List.of("Admin", "Baseline")) {
            decides(
                    List.of(
                            policy(
                                    "a",
                                    tier,
                                    15,
                                    GRYFFINDOR,
                                    "ingress: Deny slytherin tcp/80",
                                    "egress: Deny slytherin tcp/80"),
                            policy(
                                    "b",
                                    tier,
                                    15,
                                    GRYFFINDOR,
                                    "ingress: Deny hufflepuff tcp/80",
                                    "egress: Deny hufflepuff tcp/80"),
                            policy(
                                    "c",
                                    tier,
                                    15,
                                    "hufflepuff",
                                    "ingress: Deny slytherin tcp/8080",
                                    "egress: Deny slytherin tcp/8080")),
                    flow,
                    allowed);
        }
    }

    /** CNPAdminTierIntegration: tier Admin denies, passes to a NetworkPolicy, passes to tier Baseline. */
    @ParameterizedTest
    @CsvSource({"slytherin/0 > gryffindor/0 tcp/80", "gryffindor/0 > slytherin/0 tcp/8080"})
    void integration(String flow) {
        var deny = policy("admin", "Admin", 10, GRYFFINDOR, "ingress: Deny slytherin", "egress: Deny slytherin");
        var pass = policy("admin", "Admin", 10, GRYFFINDOR, "ingress: Pass slytherin", "egress: Pass slytherin");
        var base = policy("base", "Baseline", 10, GRYFFINDOR, "ingress: Deny slytherin", "egress: Deny slytherin");
        var allow = TestPolicies.networkPolicy("allow", """
                {policyTypes: [Ingress, Egress],
                 ingress: [{from: [{namespaceSelector: {matchLabels: {house: slytherin}}}]}],
                 egress: [{to: [{namespaceSelector: {matchLabels: {house: slytherin}}}]}]}
                """);
        allow.getMetadata().setNamespace(GRYFFINDOR);

        decides(List.of(deny, base), List.of(allow), flow, false);
        decides(List.of(pass, base), List.of(allow), flow, true);
        decides(List.of(pass, base), List.of(), flow, false);
    }

    /** CNPAdminTierEgressInlineCIDRPeers and CNPBaselineTierEgressInlineCIDRPeers. */
    @ParameterizedTest
    @CsvSource({"Admin", "Baseline"})
    void inlineCidrPeers(String tier) {
        String some = "Accept {networks: [%s/32, %s/32]}; "
                .formatted(House.RAVENCLAW.address(0), House.HUFFLEPUFF.address(0));
        String rest = "Accept {pods: {namespaceSelector: {matchLabels: {house: slytherin}},"
                + " podSelector: {matchLabels: {house: slytherin}}}}; Deny {networks: [0.0.0.0/0, '::/0']}";

        var closed = List.of(policy("p", tier, 85, GRYFFINDOR, "egress: " + rest));
        decides(closed, "gryffindor/0 > slytherin/0 tcp/80", true);
        decides(closed, "gryffindor/0 > ravenclaw/0 tcp/80", false);
        decides(closed, "gryffindor/1 > 8.8.8.8 udp/53", false);
        decides(closed, "gryffindor/1 > 2001:db8::1 udp/53", false);

        var open = List.of(policy("p", tier, 85, GRYFFINDOR, "egress: " + some + rest));
        decides(open, "gryffindor/0 > ravenclaw/0 tcp/80", true);
        decides(open, "gryffindor/1 > hufflepuff/0 udp/53", true);
        decides(open, "gryffindor/0 > ravenclaw/1 tcp/80", false);
    }

    /** CNPAdminTierEgressNodePeers and CNPBaselineTierEgressNodePeers. */
    @ParameterizedTest
    @CsvSource({"Admin", "Baseline"})
    void nodePeers(String tier) {
        String nodes = "{nodes: {matchLabels: {os: linux}}}";
        var policies = List.of(policy(
                "p",
                tier,
                75,
                GRYFFINDOR,
                "egress: Accept " + nodes + " tcp/36363; Pass " + nodes + " udp/34345; Deny slytherin; Deny " + nodes
                        + "; Deny {networks: [0.0.0.0/0, '::/0']}"));

        decides(policies, "gryffindor/0 > node tcp/36363", true);
        decides(policies, "gryffindor/0 > node udp/34345", true);
        decides(policies, "gryffindor/0 > node tcp/34346", false);
        decides(policies, "gryffindor/0 > slytherin/0 tcp/80", false);
        decides(policies, "gryffindor/0 > 8.8.8.8 tcp/80", false);
    }

    /** CNPAdminTierEgressNamedPort, CNPAdminTierIngressNamedPort and the same of tier Baseline. */
    @ParameterizedTest
    @CsvSource({"Admin", "Baseline"})
    void namedPorts(String tier) {
        var egress = List.of(policy(
                "p",
                tier,
                1,
                GRYFFINDOR,
                "egress: Accept hufflepuff named/web; Deny hufflepuff; Deny slytherin named/dns"));
        decides(egress, "gryffindor/0 > hufflepuff/0 tcp/80", true);
        decides(egress, "gryffindor/0 > hufflepuff/0 tcp/8080", false);
        decides(egress, "gryffindor/0 > hufflepuff/0 udp/80", false);
        decides(egress, "gryffindor/0 > slytherin/0 udp/53", false);
        decides(egress, "gryffindor/0 > slytherin/0 tcp/53", true);

        var ingress =
                List.of(policy("p", tier, 1, GRYFFINDOR, "ingress: Accept hufflepuff named/web; Deny hufflepuff"));
        decides(ingress, "hufflepuff/0 > gryffindor/0 tcp/80", true);
        decides(ingress, "hufflepuff/0 > gryffindor/0 tcp/8080", false);
    }

    /** CNPAdminTierPortRange and CNPBaselineTierPortRange. */
    @ParameterizedTest
    @CsvSource({
        "gryffindor/0 > ravenclaw/0 tcp/80, true",
        "gryffindor/0 > ravenclaw/0 tcp/8080, true",
        "gryffindor/0 > ravenclaw/0 tcp/79, false",
        "gryffindor/0 > ravenclaw/0 tcp/8081, false",
        "gryffindor/0 > ravenclaw/0 udp/80, false",
        "gryffindor/0 > hufflepuff/0 udp/53, true",
        "gryffindor/0 > hufflepuff/0 udp/5353, true",
        "gryffindor/0 > hufflepuff/0 tcp/80, false",
        "gryffindor/0 > slytherin/0 sctp/9003, true",
        "gryffindor/0 > slytherin/0 sctp/9005, true",
        "gryffindor/0 > slytherin/0 tcp/80, false",
        "ravenclaw/1 > gryffindor/0 tcp/8080, true",
        "ravenclaw/1 > gryffindor/0 udp/53, false",
        "hufflepuff/1 > gryffindor/0 udp/53, true",
        "slytherin/1 > gryffindor/0 sctp/9003, true",
        "slytherin/1 > gryffindor/0 sctp/9006, false"
    })
    void portRanges(String flow, boolean allowed) {
        String houses = "{namespaces: {matchExpressions: [{key: house, operator: Exists}]}}";
        String rules =
                "Accept ravenclaw tcp/80-8080; Accept hufflepuff udp/53-5353; Accept slytherin sctp/9003-9005; Deny "
                        + houses;
        for (String tier : List.of("Admin", "Baseline")) {
            decides(List.of(policy("p", tier, 9, GRYFFINDOR, "egress: " + rules, "ingress: " + rules)), flow, allowed);
        }
    }

    /** CNPAdminTierPodSelector and CNPBaselineTierPodSelector, with the omitted namespaceSelector. */
    @ParameterizedTest
    @CsvSource({
        "gryffindor/0 > ravenclaw/0 tcp/80, false",
        "gryffindor/1 > hufflepuff/0 tcp/80, false",
        "gryffindor/1 > hufflepuff/1 tcp/80, true",
        "gryffindor/1 > slytherin/1 tcp/80, true",
        "slytherin/0 > gryffindor/0 tcp/80, false",
        "hufflepuff/0 > gryffindor/0 tcp/80, false",
        "hufflepuff/1 > gryffindor/0 tcp/80, true",
        "ravenclaw/0 > slytherin/0 tcp/80, false",
        "ravenclaw/1 > slytherin/0 tcp/80, true",
        "hufflepuff/0 > ravenclaw/0 tcp/80, true"
    })
    void podSelectors(String flow, boolean allowed) {
        String one = "{pods: {namespaceSelector: {matchLabels: {house: hufflepuff}},"
                + " podSelector: {matchLabels: {pod: hufflepuff-0}}}}";
        for (String tier : List.of("Admin", "Baseline")) {
            decides(
                    List.of(
                            policy(
                                    "by-label",
                                    tier,
                                    20,
                                    "{pods: {podSelector: {matchLabels: {house: gryffindor}}}}",
                                    "egress: Deny {pods: {podSelector: {matchLabels: {house: ravenclaw}}}}; Deny "
                                            + one,
                                    "ingress: Deny {pods: {podSelector: {matchLabels: {house: slytherin}}}}; Deny "
                                            + one),
                            policy(
                                    "by-name",
                                    tier,
                                    21,
                                    "{pods: {namespaceSelector: {matchLabels: {house: ravenclaw}},"
                                            + " podSelector: {matchLabels: {pod: ravenclaw-0}}}}",
                                    "egress: Deny slytherin")),
                    flow,
                    allowed);
        }
    }

    /** CNPAdminTierEgressRulesIngressUnaffected and its like for ingress, in both tiers. */
    @ParameterizedTest
    @CsvSource({"Admin", "Baseline"})
    void directionsAreIndependent(String tier) {
        var egress = List.of(policy("p", tier, 20, GRYFFINDOR, "egress: Deny slytherin"));
        decides(egress, "gryffindor/0 > slytherin/0 tcp/80", false);
        decides(egress, "slytherin/0 > gryffindor/0 tcp/80", true);

        var ingress = List.of(policy("p", tier, 20, GRYFFINDOR, "ingress: Deny slytherin"));
        decides(ingress, "slytherin/0 > gryffindor/0 tcp/80", false);
        decides(ingress, "gryffindor/0 > slytherin/0 tcp/80", true);
    }

    /** CNPAdminTierHairpin: what comes back to its own Pod through a service is ingress like any other. */
    @Test
    void hairpin() {
        decides(
                List.of(policy("p", "Admin", 1, GRYFFINDOR, "ingress: Deny gryffindor")),
                "gryffindor/0 > gryffindor/0 tcp/80",
                false);
    }

    /** Not a conformance test: between agents a flow needs an Accept at each end, of whatever tier. */
    @Test
    void agentsAreDeniedByDefault() {
        var egress = policy("e", "Baseline", 1, GRYFFINDOR, "egress: Accept slytherin");
        var ingress = policy("i", "Admin", 1, "slytherin", "ingress: Accept gryffindor");
        Flow flow = House.flow("gryffindor/0 > slytherin/0 tcp/80");

        assertThat(verdict(List.of(), flow).isAllowed()).isFalse();
        assertThat(verdict(List.of(egress), flow).isAllowed()).isFalse();
        assertThat(verdict(List.of(ingress), flow).isAllowed()).isFalse();
        assertThat(verdict(List.of(egress, ingress), flow).isAllowed()).isTrue();
        assertThat(verdict(List.of(policy("e", "Baseline", 1, GRYFFINDOR, "egress: Pass slytherin"), ingress), flow)
                        .egress())
                .isInstanceOfSatisfying(
                        Decision.Denied.class,
                        denied -> assertThat(denied.reason()).isEqualTo(Decision.Reason.NO_POLICY));
    }

    /** Not a conformance test: nodes are open to agents only where tier Admin accepts. */
    @Test
    void agentsReachNodesOnlyByTierAdmin() {
        Flow flow = House.flow("gryffindor/0 > node tcp/10250");
        var all = TestPolicies.networkPolicy("all", "{policyTypes: [Egress], egress: [{}]}");
        all.getMetadata().setNamespace(GRYFFINDOR);
        var accept = policy("a", "Admin", 1, GRYFFINDOR, "egress: Accept {nodes: {}} tcp/10250");
        var pass = policy("a", "Admin", 1, GRYFFINDOR, "egress: Pass {nodes: {}}");

        for (List<GenericKubernetesResource> policies : List.of(List.<GenericKubernetesResource>of(), List.of(pass))) {
            assertThat(Evaluator.evaluate(Policies.of(List.of(all), policies), House.AGENTS, flow)
                            .egress())
                    .isInstanceOfSatisfying(
                            Decision.Denied.class,
                            denied -> assertThat(denied.reason()).isEqualTo(Decision.Reason.NODE));
        }
        assertThat(Evaluator.evaluate(Policies.of(List.of(all), List.of(accept)), House.AGENTS, flow)
                        .isAllowed())
                .isTrue();
    }

    /** What a rule becomes whose meaning isn't known in full. All flows are from gryffindor/0 to slytherin/0 tcp/80. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # rule                                                                                    | flow passes
            {action: Accept, to: [{namespaces: {}}]}                                                  | true
            {action: Accept, to: [{}]}                                                                | false
            {action: Accept, to: [{services: {}}]}                                                    | false
            {action: Accept, to: [{services: {}}, {namespaces: {}}]}                                  | false
            {action: Accept, to: [{namespaces: {}, networks: [0.0.0.0/0]}]}                           | false
            {action: Accept, to: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 80}}]} | false
            {action: Accept, to: []}                                                                  | false
            {action: Accept}                                                                          | false
            {action: Accept, to: [{namespaces: {}}], protocols: []}                                   | false
            {action: Accept, to: [{namespaces: {}}], protocols: [{icmp: {}}]}                         | false
            {action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {}}]}                          | false
            {action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {}}}]}       | false
            {action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 0}}}]} | false
            {action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80, range: {start: 1, end: 2}}}}]} | false
            {action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 90, end: 70}}}}]} | false
            {action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}]} | true
            {action: Accept, to: [{networks: [nonsense, 0.0.0.0/0]}]}                                 | false
            {action: Accept, to: [{pods: {namespaceSelector: {}}}]}                                   | false
            {action: Accept, to: [{namespaces: {matchExpressions: [{key: house, operator: Like, values: [s]}]}}]} | false
            {action: Accept, to: [{domainNames: [127.0.0.1, example.org]}]}                           | false
            {action: Accept, from: [{namespaces: {}}]}                                                | false
            {action: Deny, to: [{namespaces: {matchLabels: {house: none}}}]}                          | true
            {action: Deny, to: [{services: {}}]}                                                      | false
            {action: Deny, to: [{namespaces: {matchExpressions: [{key: house, operator: Like, values: [s]}]}}]} | false
            {action: Deny, to: [{namespaces: {matchExpressions: [{key: house, operator: In}]}}]}      | false
            {action: Deny, to: [{namespaces: {matchLabels: {house: none}}}], protocols: [{icmp: {}}]} | false
            {action: Deny, to: [{networks: [nonsense]}]}                                              | false
            {action: Deny, to: [{domainNames: [example.org]}]}                                        | false
            {action: Pass, to: [{services: {}}]}                                                      | false
            {action: Pass, to: [{namespaces: {}}]}                                                    | true
            {action: Log, to: [{namespaces: {matchLabels: {house: none}}}]}                           | false
            {to: [{namespaces: {matchLabels: {house: none}}}]}                                        | false
            nonsense                                                                                  | false
            """)
    void unknownRulesFailClosed(String rule, boolean passes) {
        String spec = "{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [%s%s]}";
        String denyRest = rule.contains("Accept") ? ", {action: Deny, to: [{networks: [0.0.0.0/0]}]}" : "";

        decides(
                List.of(clusterNetworkPolicy("p", spec.formatted(rule, denyRest))),
                "gryffindor/0 > slytherin/0 tcp/80",
                passes);
    }

    /** What becomes of a policy whose subject, tier or priority isn't known: all of its rules fail closed. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # head of the policy                                                   | its one Deny applies to others
            tier: Admin, priority: 1, subject: {namespaces: {}}                    | false
            tier: Admin, priority: 1, subject: {accounts: {}}                      | true
            tier: Admin, priority: 1, subject: {}                                  | true
            tier: Admin, priority: 1, subject: {namespaces: {}, pods: {podSelector: {}}} | true
            tier: Admin, priority: 1                                               | true
            tier: Middle, priority: 1, subject: {namespaces: {}}                   | true
            priority: 1, subject: {namespaces: {}}                                 | true
            tier: Admin, priority: high, subject: {namespaces: {}}                 | true
            tier: Admin, priority: 1, subject: {namespaces: {}}, exclude: {}       | true
            """)
    void unknownPoliciesFailClosed(String head, boolean closed) {
        String rule = "{action: %s, to: [{namespaces: {matchLabels: {house: ravenclaw}}}]}";

        decides(
                List.of(clusterNetworkPolicy("p", "{" + head + ", egress: [" + rule.formatted("Deny") + "]}")),
                "gryffindor/0 > slytherin/0 tcp/80",
                !closed);
        decides(
                List.of(
                        clusterNetworkPolicy("p", "{" + head + ", egress: [" + rule.formatted("Accept") + "]}"),
                        policy("q", "Admin", 2, GRYFFINDOR, "egress: Deny {networks: [0.0.0.0/0]}")),
                "gryffindor/0 > ravenclaw/0 tcp/80",
                !closed);
    }

    @Test
    void aDenialNamesTheRuleAndWhatIsUnreadable() {
        var policy = clusterNetworkPolicy(
                "guard",
                "{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{name: odd, action: Deny, to: [{services: {}}]}]}");

        assertThat(verdict(List.of(policy), House.flow("gryffindor/0 > slytherin/0 tcp/80"))
                        .egress())
                .isInstanceOfSatisfying(Decision.Denied.class, denied -> {
                    assertThat(denied.reason()).isEqualTo(Decision.Reason.ADMIN_TIER);
                    assertThat(denied.message())
                            .contains(
                                    "tier Admin",
                                    "ClusterNetworkPolicy/guard spec.egress[0] (odd)",
                                    "spec.egress[0].to[0]: field services is not known here; the rule denies everything");
                    assertThat(denied.remedy()).contains("administrator");
                });
    }

    @ParameterizedTest
    @CsvSource({
        "example.org, example.org, true",
        "example.org, EXAMPLE.org., true",
        "Example.ORG., example.org, true",
        "example.org, www.example.org, false",
        "*.example.org, www.example.org, true",
        "*.example.org, a.b.example.org, true",
        "*.example.org, example.org, false",
        "*.example.org, badexample.org, false",
        "*.example.org, .example.org, false"
    })
    void domainNames(String pattern, String name, boolean allowed) {
        var agent = new Endpoint.Agent(GRYFFINDOR, "a", Map.of(), List.of(), List.of(), List.of());
        var policy = policy("p", "Admin", 1, GRYFFINDOR, "egress: Accept {domainNames: ['" + pattern + "']} tcp/443");
        for (var address : Arrays.asList(Cidr.parse("93.184.215.14"), null)) {
            Flow flow = new Flow(Party.of(agent), new Party(null, address, name), Protocol.TCP, 443);
            assertThat(verdict(List.of(policy), flow).isAllowed()).isEqualTo(allowed);
        }
    }

    private static List<GenericKubernetesResource> admin(String direction, List<String> rules) {
        return List.of(policy("p", "Admin", 6, GRYFFINDOR, direction + ": " + String.join("; ", rules)));
    }

    private static List<GenericKubernetesResource> baseline(String direction, List<String> rules) {
        return List.of(policy("p", "Baseline", 6, GRYFFINDOR, direction + ": " + String.join("; ", rules)));
    }

    private static List<String> swapped(List<String> rules, int one, int other) {
        List<String> swapped = new ArrayList<>(rules);
        swapped.set(one, rules.get(other));
        swapped.set(other, rules.get(one));
        return swapped;
    }

    private static Verdict verdict(List<GenericKubernetesResource> policies, Flow flow) {
        return Evaluator.evaluate(Policies.of(List.of(), policies), House.AGENTS, flow);
    }

    private static void decides(List<GenericKubernetesResource> policies, String flow, boolean allowed) {
        decides(policies, List.of(), flow, allowed);
    }

    private static void decides(
            List<GenericKubernetesResource> policies,
            List<NetworkPolicy> networkPolicies,
            String flow,
            boolean allowed) {
        Verdict verdict = Evaluator.evaluate(Policies.of(networkPolicies, policies), House.PODS, House.flow(flow));

        assertThat(verdict.isAllowed()).as("%s: %s", flow, verdict).isEqualTo(allowed);
    }
}
