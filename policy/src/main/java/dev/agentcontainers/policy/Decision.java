package dev.agentcontainers.policy;

import dev.agentcontainers.policy.rule.RuleSource;
import dev.agentcontainers.policy.rule.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What policy says at one end of a flow, and why. */
public sealed interface Decision {
    /** Whether this end lets the flow pass. */
    default boolean isAllowed() {
        return switch (this) {
            case Allowed _, Ungoverned _ -> true;
            case Denied _ -> false;
        };
    }

    /**
     * A rule allows the flow.
     *
     * @param rule the deciding rule; of several that only add to each other the first by policy and field, of those that let
     *     everything pass where there is one
     * @param onlyTlsFor the name for which the flow has to be TLS to pass; empty where it need not be
     * @param onlyRequests the requests of HTTP without TLS that may pass, in words; empty where there are none, or what it carries
     *     isn't looked at
     * @param onlyRequestsInTls the same for those inside TLS
     * @param budgets what it is charged to, in words: the deciding rule's budget, then those of others with their rules; empty where
     *     it isn't counted. Where it has to be TLS for a name or one of some requests, that of TLS: requests say theirs themselves
     */
    record Allowed(
            Tier tier,
            RuleSource rule,
            Optional<String> onlyTlsFor,
            List<String> onlyRequests,
            List<String> onlyRequestsInTls,
            List<String> budgets)
            implements Decision {
        public Allowed {
            onlyRequests = List.copyOf(onlyRequests);
            onlyRequestsInTls = List.copyOf(onlyRequestsInTls);
            budgets = List.copyOf(budgets);
        }

        /** Without a budget. */
        public Allowed(
                Tier tier,
                RuleSource rule,
                Optional<String> onlyTlsFor,
                List<String> onlyRequests,
                List<String> onlyRequestsInTls) {
            this(tier, rule, onlyTlsFor, onlyRequests, onlyRequestsInTls, List.of());
        }

        /** As TLS for a name, or whatever it carries. */
        public Allowed(Tier tier, RuleSource rule, Optional<String> onlyTlsFor) {
            this(tier, rule, onlyTlsFor, List.of(), List.of());
        }

        /** Whether of what it carries each request is judged. */
        public boolean isByRequests() {
            return !onlyRequests.isEmpty() || !onlyRequestsInTls.isEmpty();
        }

        /** Whatever it carries. */
        public Allowed(Tier tier, RuleSource rule) {
            this(tier, rule, Optional.empty());
        }

        /** What it has to be, in words that follow "allowed"; empty where that is nothing. */
        public String condition() {
            List<String> conditions = new ArrayList<>();
            String within = budgets.isEmpty() ? "" : " within its budget of " + String.join(", then ", budgets);
            onlyTlsFor.ifPresent(name -> conditions.add("TLS for " + name + within));
            if (!onlyRequests.isEmpty()) {
                conditions.add("HTTP: " + String.join("; ", onlyRequests));
            }
            if (!onlyRequestsInTls.isEmpty()) {
                conditions.add("HTTPS: " + String.join("; ", onlyRequestsInTls));
            }
            return conditions.isEmpty() ? within : " only as " + String.join(", or as ", conditions);
        }
    }

    /**
     * No policy governs this end, and what it is needs none.
     *
     * @param why in one sentence
     */
    record Ungoverned(String why) implements Decision {}

    /**
     * The flow is denied.
     *
     * @param rule the rule that denies it; empty where it is denied because none allows it
     * @param message the denial in one sentence
     * @param considered each rule that was looked at, and why it does not allow the flow
     * @param remedy the smallest change that would allow it at this end, or why none can
     */
    record Denied(Reason reason, Optional<RuleSource> rule, String message, List<String> considered, String remedy)
            implements Decision {
        public Denied {
            considered = List.copyOf(considered);
        }
    }

    /** Why a flow is denied. */
    enum Reason {
        /** The address is one of {@link Invariants}. */
        INVARIANT,
        /** It goes to a node, and no rule of tier Admin accepts it. */
        NODE,
        /** A rule of tier Admin denies it. */
        ADMIN_TIER,
        /** Policies or inline rules apply, and none of their rules allows the flow. */
        NO_MATCHING_RULE,
        /** A rule of tier Baseline denies it. */
        BASELINE_TIER,
        /** No policy and no inline rule applies to the agent: nothing is allowed. */
        NO_POLICY
    }
}
