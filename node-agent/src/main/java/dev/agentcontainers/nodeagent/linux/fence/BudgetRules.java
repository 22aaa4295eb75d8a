package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.linux.netlink.LoggedPacket;
import java.util.ArrayList;
import java.util.List;

/**
 * The chains in which connections by rules with budgets are charged, as nftables commands. Pure text.
 *
 * <p>They are passed by what was let pass otherwise, both ways, and take only away from it. They are there from the first ruleset
 * with a budget on. An agent's interface and a connection's mark lead to a quota, and where the rule has a rate to a limit before
 * it; what is led nowhere is dropped. Of several rules that allow the same, those that are nowhere near their end are asked in turn.
 */
final class BudgetRules {
    /** The most budgets that a connection is charged to. */
    static final int PLACES = 4;

    private static final String NOTE = "note_budget";
    private static final String USED_UP = "used_up";
    private static final String SENT = "spend_sent";
    private static final String RECEIVED = "spend_received";

    /** In the order in which each needs only those before. */
    static final List<String> CHAINS = List.of(NOTE, USED_UP, SENT, RECEIVED, Names.BUDGETS);

    private BudgetRules() {}

    /** Quotas of rules without a rate, of the place in a connection's budgets. */
    static String spend(int place) {
        return "spend" + place;
    }

    /** Quotas of rules with a rate. */
    static String slow(int place) {
        return "slow" + place;
    }

    /** The limits of these. */
    static String pace(int place) {
        return "pace" + place;
    }

    static List<String> maps() {
        List<String> maps = new ArrayList<>();
        for (int place = 0; place < PLACES; place++) {
            maps.addAll(List.of(spend(place), slow(place), pace(place)));
        }
        return maps;
    }

    /** Replaces what an earlier process, perhaps of another version, left; keeps elements and objects. */
    static String text() {
        StringBuilder text = new StringBuilder();
        for (int place = 0; place < PLACES; place++) {
            text.append(map(spend(place), "quota"))
                    .append(map(slow(place), "quota"))
                    .append(map(pace(place), "limit"));
        }
        text.append("add set inet %s %s { type ifname . mark; }\n".formatted(Names.TABLE, Names.PACED));
        for (String chain : List.of(NOTE, USED_UP, SENT, RECEIVED)) {
            text.append("add chain inet %s %s\n".formatted(Names.TABLE, chain));
        }
        text.append("add chain inet %s %s { type filter hook forward priority 10; policy accept; }\n"
                .formatted(Names.TABLE, Names.BUDGETS));
        text.append(Rules.chain(
                NOTE,
                Rules.MORE_THAN_ARE_NOTED,
                "log prefix \"%s\" group %d snaplen %d return"
                        .formatted(Barrier.BUDGET.id(), Names.LOG_GROUP, LoggedPacket.COPIED)));
        text.append(Rules.chain(
                USED_UP,
                // A sender that goes too fast tries again by itself, and slower.
                "iifname . ct mark @" + Names.PACED + " drop",
                "jump " + NOTE,
                "iifname @denied goto answer",
                "drop"));
        text.append(Rules.chain(SENT, spending("iifname", "goto " + USED_UP)));
        text.append(Rules.chain(
                RECEIVED, spending("oifname", "oifname . ct mark @" + Names.PACED + " drop", "jump " + NOTE, "drop")));
        text.append(Rules.chain(
                Names.BUDGETS,
                ConnectionMark.BUDGETED.otherwise() + " accept",
                "ct direction original goto " + SENT,
                "goto " + RECEIVED));
        return text.toString();
    }

    private static String map(String name, String kind) {
        return "add map inet %s %s { type ifname . mark : %s; }\n".formatted(Names.TABLE, name, kind);
    }

    private static String[] spending(String agent, String... otherwise) {
        String key = agent + " . ct mark map @";
        List<String> rules = new ArrayList<>();
        for (int place = 0; place < PLACES; place++) {
            // A packet that is too much for the rate is no use of the budget.
            rules.add("limit name %s%s quota name %s%s accept".formatted(key, pace(place), key, slow(place)));
            rules.add("quota name %s%s accept".formatted(key, spend(place)));
        }
        rules.addAll(List.of(otherwise));
        return rules.toArray(String[]::new);
    }
}
