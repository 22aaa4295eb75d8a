package dev.agentcontainers.policy.clusternetworkpolicy;

import dev.agentcontainers.policy.rule.Peer;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads selectors of labels, which no schema checks in full. */
final class Selectors {
    private static final Set<String> WITH_VALUES = Set.of("In", "NotIn");
    private static final Set<String> WITHOUT_VALUES = Set.of("Exists", "DoesNotExist");

    private Selectors() {}

    /** All workloads of the selected namespaces. */
    static Peer namespaces(@Nullable Object selector, String place) throws UnreadableException {
        return new Peer.Selected(new Peer.Namespaces.Labelled(labels(selector, place)), new LabelSelector());
    }

    /** Some workloads; an absent namespaceSelector is the empty one. */
    static Peer pods(@Nullable Object pods, String place) throws UnreadableException {
        Fields fields = Fields.of(pods, place, Set.of("namespaceSelector", "podSelector"));
        LabelSelector namespaces = fields.has("namespaceSelector")
                ? labels(fields.value("namespaceSelector"), fields.place("namespaceSelector"))
                : new LabelSelector();
        return new Peer.Selected(
                new Peer.Namespaces.Labelled(namespaces),
                labels(fields.value("podSelector"), fields.place("podSelector")));
    }

    static LabelSelector labels(@Nullable Object selector, String place) throws UnreadableException {
        Fields fields = Fields.of(selector, place, Set.of("matchLabels", "matchExpressions"));
        Map<String, String> labels = new LinkedHashMap<>();
        if (fields.has("matchLabels")) {
            Fields matchLabels = Fields.any(fields.value("matchLabels"), fields.place("matchLabels"));
            for (String key : matchLabels.names()) {
                labels.put(key, matchLabels.text(key));
            }
        }
        List<LabelSelectorRequirement> expressions = new ArrayList<>();
        if (fields.has("matchExpressions")) {
            for (Fields.Item item : fields.items("matchExpressions")) {
                expressions.add(expression(item));
            }
        }
        return new LabelSelector(expressions, labels);
    }

    private static LabelSelectorRequirement expression(Fields.Item item) throws UnreadableException {
        Fields fields = Fields.of(item.value(), item.place(), Set.of("key", "operator", "values"));
        String operator = fields.text("operator");
        if (WITH_VALUES.contains(operator)) {
            return new LabelSelectorRequirement(fields.text("key"), operator, fields.texts("values"));
        }
        if (WITHOUT_VALUES.contains(operator)) {
            return new LabelSelectorRequirement(fields.text("key"), operator, List.of());
        }
        throw new UnreadableException(fields.place("operator"), "'" + operator + "' is not known here");
    }
}
