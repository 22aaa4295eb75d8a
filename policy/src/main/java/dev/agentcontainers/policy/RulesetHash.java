package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.policy.box.Boxes;
import java.util.Collection;

/** Names a ruleset by what it allows. */
public final class RulesetHash {
    private RulesetHash() {}

    /**
     * The hash of the flows that the boxes allow together: 40 characters of {@code 0-9a-f}. The same for any order and
     * any decomposition of the same flows, so what is read back from a kernel hashes like what was compiled.
     *
     * @throws IllegalArgumentException where a box is malformed
     */
    public static String of(Collection<Allow> boxes) {
        return ofCanonical(Boxes.canonicalOf(boxes));
    }

    static String ofCanonical(Collection<Allow> canonical) {
        var hash = new CanonicalHash("agentcontainers.dev/ruleset/1").number(canonical.size());
        canonical.forEach(box -> hash.text(box.cidr())
                .text(box.protocol().name())
                .number(box.port())
                .number(box.endPort()));
        return hash.hex();
    }
}
