package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.Network.Audit;
import dev.agentcontainers.api.v1alpha1.Network.EgressPeer;
import dev.agentcontainers.api.v1alpha1.Network.EgressPort;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import dev.agentcontainers.api.v1alpha1.Network.HttpRequests;
import dev.agentcontainers.api.v1alpha1.Network.IpBlock;
import dev.agentcontainers.api.v1alpha1.Network.Quic;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.endpoint.ServedPort;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Names policy groups. */
public final class PolicyGroup {
    private PolicyGroup() {}

    /**
     * The name of the subject's group: 40 characters of {@code 0-9a-f}. Equal subjects have equal names whatever the
     * order of labels, rules, peers, ports and exceptions, and whether a default is written out.
     */
    public static String nameOf(PolicySubject subject) {
        var hash = new CanonicalHash("agentcontainers.dev/policy-group/1").text(subject.namespace());
        var labels = new TreeMap<>(subject.labels());
        hash.number(labels.size());
        labels.forEach((key, value) -> hash.text(key).text(value));
        hash.texts(sorted(subject.inlineRules(), PolicyGroup::rule));
        // Groups of agents that serve nothing keep the names that they had before ports counted.
        if (!subject.ports().isEmpty()) {
            hash.texts(sorted(subject.ports(), PolicyGroup::served));
        }
        return hash.hex();
    }

    private static String served(ServedPort port) {
        return new CanonicalHash("served")
                .text(port.name())
                .text(port.protocol().name())
                .number(port.number())
                .hex();
    }

    private static String rule(EgressRule rule) {
        CanonicalHash hash = new CanonicalHash("rule")
                .text(rule.name())
                .texts(sorted(rule.to(), PolicyGroup::peer))
                .texts(sorted(rule.ports(), PolicyGroup::port));
        // Groups of agents without such rules keep the names that they had before there were any.
        if (rule.tls() != null) {
            hash.text("tls");
        }
        if (rule.http() != null) {
            hash.texts(sorted(rule.http(), PolicyGroup::requests));
        }
        if (rule.budget() != null) {
            hash.text("budget")
                    .text(amount(rule.budget().bytes()))
                    .text(amount(rule.budget().rate()));
        }
        if (rule.audit() == Audit.Denied) {
            hash.text("unrecorded");
        }
        if (rule.quic() == Quic.Allow) {
            hash.text("quic");
        }
        return hash.hex();
    }

    /** However it is written, where it can be read. */
    private static String amount(@Nullable Quantity quantity) {
        if (quantity == null) {
            return "";
        }
        try {
            return Quantity.getAmountInBytes(quantity).stripTrailingZeros().toString();
        } catch (ArithmeticException | IllegalArgumentException e) {
            return quantity.toString();
        }
    }

    private static String requests(HttpRequests entry) {
        CanonicalHash hash = new CanonicalHash("http")
                .texts(sorted(entry.methods(), Function.identity()))
                .texts(sorted(entry.paths(), Function.identity()))
                .texts(sorted(entry.hosts(), Function.identity()));
        if (Boolean.TRUE.equals(entry.webSocket())) {
            hash.text("webSocket");
        }
        return hash.hex();
    }

    private static String peer(EgressPeer peer) {
        if (peer.domain() != null) {
            return new CanonicalHash("domain").text(peer.domain()).hex();
        }
        if (peer.podSelector() != null || peer.namespaceSelector() != null) {
            return new CanonicalHash("selectors")
                    .text(selector(peer.podSelector()))
                    .text(selector(peer.namespaceSelector()))
                    .hex();
        }
        @Nullable IpBlock block = peer.ipBlock();
        if (block == null) {
            return new CanonicalHash("peer").hex();
        }
        return new CanonicalHash("ipBlock")
                .text(block.cidr())
                .texts(sorted(block.except(), Function.identity()))
                .hex();
    }

    private static String selector(@Nullable LabelSelector selector) {
        if (selector == null) {
            return "";
        }
        var hash = new CanonicalHash("selector");
        Map<String, String> labels = selector.getMatchLabels() == null ? Map.of() : selector.getMatchLabels();
        hash.number(labels.size());
        new TreeMap<>(labels).forEach((key, value) -> hash.text(key).text(value));
        return hash.texts(sorted(selector.getMatchExpressions(), PolicyGroup::requirement))
                .hex();
    }

    private static String requirement(LabelSelectorRequirement requirement) {
        return new CanonicalHash("requirement")
                .text(requirement.getKey())
                .text(requirement.getOperator())
                .texts(sorted(requirement.getValues(), Function.identity()))
                .hex();
    }

    private static String port(EgressPort port) {
        return new CanonicalHash("port")
                .text((port.protocol() == null ? Protocol.TCP : port.protocol()).name())
                .number(port.port() == null ? 0 : port.port())
                .number(port.endPort() == null ? 0 : port.endPort())
                .hex();
    }

    private static <T> List<String> sorted(@Nullable List<T> entries, Function<T, String> text) {
        return entries == null ? List.of() : entries.stream().map(text).sorted().toList();
    }
}
