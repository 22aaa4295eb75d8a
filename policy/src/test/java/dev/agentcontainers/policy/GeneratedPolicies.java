package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Party;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Policies and flows from a seed. Addresses and ports come from small neighbourhoods, so that ranges touch, overlap and
 * nest, and flows hit their edges.
 */
final class GeneratedPolicies {
    private static final List<String> NEIGHBOURHOODS =
            List.of("10.0.0.%d", "169.254.255.%d", "255.255.255.%d", "0.0.0.%d");
    private static final List<String> NEIGHBOURHOODS_IPV6 = List.of("2001:db8::%x", "fe7f:ffff::%x", "::%x");

    private final Random random;

    GeneratedPolicies(long seed) {
        random = new Random(seed);
    }

    List<NetworkPolicy> policies() {
        List<NetworkPolicy> policies = new ArrayList<>();
        int count = 1 + random.nextInt(4);
        for (int index = 0; index < count; index++) {
            String selector = pick("{}", "{matchLabels: {app: web}}", "{matchLabels: {app: other}}");
            String types =
                    pick("", "policyTypes: [Egress], ", "policyTypes: [Ingress], ", "policyTypes: [Ingress, Egress], ");
            policies.add(TestPolicies.networkPolicy(
                    "p" + index, "{podSelector: " + selector + ", " + types + "egress: " + rules(false) + "}"));
        }
        return policies;
    }

    PolicySubject subject() {
        return TestPolicies.subject(rules(true));
    }

    List<Flow> flows(int count) {
        return Stream.generate(() -> new Flow(
                        Party.named("whoever.example.org"),
                        Party.at(random.nextInt(3) == 0 ? address6() : address4()),
                        protocol(),
                        random.nextInt(20)))
                .limit(count)
                .toList();
    }

    /** The box cut in two, by its ports or its addresses, where it can be. */
    List<Allow> pieces(Allow box) {
        if (box.port() < box.endPort() && random.nextBoolean()) {
            int cut = box.port() + random.nextInt(box.endPort() - box.port());
            return List.of(
                    new Allow(box.cidr(), box.protocol(), box.port(), cut),
                    new Allow(box.cidr(), box.protocol(), cut + 1, box.endPort()));
        }
        var block = Cidr.parse(box.cidr()).block();
        if (block.isMultiple() && random.nextBoolean()) {
            List<Allow> halves = new ArrayList<>();
            block.setPrefixLength(block.getNetworkPrefixLength() + 1, false)
                    .prefixBlockIterator()
                    .forEachRemaining(half -> halves.add(
                            new Allow(new Cidr(half).toString(), box.protocol(), box.port(), box.endPort())));
            return halves;
        }
        return List.of(box);
    }

    private String rules(boolean inline) {
        int count = random.nextInt(4);
        List<String> rules = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            List<String> fields = new ArrayList<>();
            if (inline) {
                fields.add("name: r" + index);
            }
            if (inline || random.nextInt(5) > 0) {
                fields.add("to: " + list(1, 3, () -> peer(inline)));
            }
            if (random.nextInt(5) > 0) {
                fields.add("ports: " + list(1, 3, () -> port(inline)));
            }
            rules.add("{" + String.join(", ", fields) + "}");
        }
        return "[" + String.join(", ", rules) + "]";
    }

    private String peer(boolean inline) {
        if (!inline && random.nextInt(8) == 0) {
            return pick("{podSelector: {}}", "{namespaceSelector: {matchLabels: {a: b}}}");
        }
        boolean six = random.nextInt(3) == 0;
        int prefix = random.nextInt(10) == 0 ? random.nextInt(9) : (six ? 122 : 26) + random.nextInt(7);
        String cidr = Cidr.parse((six ? address6() : address4()) + "/" + prefix).toString();
        String except = list(
                0, 2, () -> "'" + (six ? address6() : address4()) + "/" + ((six ? 124 : 28) + random.nextInt(5)) + "'");
        return "{ipBlock: {cidr: '" + cidr + "', except: " + except + "}}";
    }

    private String port(boolean inline) {
        int first = 1 + random.nextInt(18);
        return switch (random.nextInt(inline ? 3 : 4)) {
            case 0 -> "{protocol: " + protocol() + "}";
            case 1 -> "{protocol: " + protocol() + ", port: " + first + "}";
            case 2 ->
                "{protocol: " + protocol() + ", port: " + first + ", endPort: " + (first + random.nextInt(6)) + "}";
            default -> "{port: http}";
        };
    }

    private String list(int least, int most, Supplier<String> entry) {
        return Stream.generate(entry)
                .limit(least + random.nextInt(most - least + 1))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private String address4() {
        return NEIGHBOURHOODS
                .get(random.nextInt(NEIGHBOURHOODS.size()))
                .formatted(random.nextInt(4) == 0 ? 192 + random.nextInt(64) : random.nextInt(64));
    }

    private String address6() {
        return NEIGHBOURHOODS_IPV6
                .get(random.nextInt(NEIGHBOURHOODS_IPV6.size()))
                .formatted(random.nextInt(64));
    }

    private Protocol protocol() {
        return Protocol.values()[random.nextInt(Protocol.values().length)];
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
