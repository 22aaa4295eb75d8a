package dev.agentcontainers.nodeagent.linux.fence;

import java.util.List;

/**
 * The chains in which agents are held to their rates, as nftables commands. Pure text.
 *
 * <p>They stand behind those that decide, and take only away from what these let pass, packets of known connections included.
 * They are there from the first agent with a rate on. An agent's interface leads to a limit; one that leads nowhere is not held
 * to any. What is more is dropped without an answer: who sends it tries again, and slower. What the sender's rules deny was never counted; what is denied later was.
 */
final class RateRules {
    /** What agents send, also to the fence itself: to its name server and to the proxy, which some of it is handed over to. */
    private static final String SENT = "rate_sent";

    /** What is forwarded to agents, from outside and from each other. Before budgets are charged for it. */
    private static final String FORWARDED = "rate_forwarded";

    /** What the fence itself sends to them: answers of its name server and of the proxy, and the node's probes. */
    private static final String ANSWERED = "rate_answered";

    static final List<String> CHAINS = List.of(SENT, FORWARDED, ANSWERED);

    private RateRules() {}

    /** Replaces what an earlier process, perhaps of another version, left; keeps elements and objects. */
    static String text() {
        String excess = "limit name iifname map @" + Names.SENDING_RATES + " drop";
        String received = "limit name oifname map @" + Names.RECEIVING_RATES + " drop";
        return map(Names.SENDING_RATES)
                + map(Names.RECEIVING_RATES)
                + base(SENT, "prerouting priority -140")
                + base(FORWARDED, "forward priority 5")
                + base(ANSWERED, "output priority 5")
                + Rules.chain(SENT, excess)
                + Rules.chain(FORWARDED, received)
                + Rules.chain(ANSWERED, received);
    }

    private static String map(String name) {
        return "add map inet %s %s { type ifname : limit; }\n".formatted(Names.TABLE, name);
    }

    private static String base(String chain, String hook) {
        return "add chain inet %s %s { type filter hook %s; policy accept; }\n".formatted(Names.TABLE, chain, hook);
    }
}
