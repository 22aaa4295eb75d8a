package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names that the fence gives to kernel objects. They follow from what they stand for, so nothing need be remembered. */
final class Names {
    /** The fence's table in its own namespace, family inet. */
    static final String TABLE = "agentfence";

    /** The fence's end of the uplink. */
    static final String UPLINK = "uplink";

    static final String HOST_INTERFACE_PREFIX = "acu-";
    static final String AGENT_INTERFACE_PREFIX = "ac";

    /** Sets of the table. */
    static final String SOURCES = "sources";

    static final String ESTABLISHED = "established";

    static final String AGENTS = "agents";
    static final String RECEIVERS = "receivers";
    /** Counts the connections of each agent that are under way. */
    static final String CONNECTIONS = "connections";

    static final String DENIED = "denied";
    static final String RESOLVED = "resolved";
    static final String INTERCEPTED = "intercepted";

    /** Chain in which connections by rules with budgets are charged. */
    static final String BUDGETS = "budgets";

    /** Maps of agents' interfaces to limits of what they send, and of what comes to them. */
    static final String SENDING_RATES = "sending_rates";

    static final String RECEIVING_RATES = "receiving_rates";

    /** Set of interfaces and marks of which what exceeds the rate waits for the sender to try again. */
    static final String PACED = "paced";

    /** Set of the egress proxy's table on the host: address and TCP port. */
    static final String PROXIED = "proxied";

    /** Chain that counts, answers and drops. */
    static final String REFUSE = "refuse";

    /** Chain that hands over to the process that looks at connections. */
    static final String INTERCEPT = "intercept";

    /** The chain of the fence's own in which QUIC ends, and from which everything else comes back. */
    static final String UNLESS_QUIC = "unless_quic";

    /** Where the rules log denied packets to; of the fence's own namespace, and so no other's. */
    static final int LOG_GROUP = 4001;

    private static final String GROUP_CHAIN_PREFIX = "g_";
    private static final String RECEIVING_CHAIN_PREFIX = "r_";
    private static final String ESTABLISHED_CHAIN_PREFIX = "f_";

    private Names() {}

    /** The fence's end of an agent's interface pair. */
    static String agentInterface(SandboxId id) {
        return AGENT_INTERFACE_PREFIX + digest(id.value(), 10);
    }

    /** What an agent has used of a rule's budget. */
    static String quota(String agentInterface, String rule) {
        return quotasOf(agentInterface) + digest(rule, 16);
    }

    /** The beginning of the names of all that an agent has used. */
    static String quotasOf(String agentInterface) {
        return "q_" + agentInterface + "_";
    }

    /** How fast an agent may use a rule's budget: one with another rate is another one. */
    static String pace(String agentInterface, String rule, long rate) {
        return pacesOf(agentInterface) + digest(rule, 16) + "_" + rate;
    }

    static String pacesOf(String agentInterface) {
        return "p_" + agentInterface + "_";
    }

    /** How fast an agent may send: one with another rate is another one. */
    static String sendingRate(String agentInterface, long rate) {
        return "s_" + agentInterface + "_" + rate;
    }

    /** The same of what comes to it. */
    static String receivingRate(String agentInterface, long rate) {
        return "r_" + agentInterface + "_" + rate;
    }

    /** Whether it is a name of a limit of some agent's rate. */
    static boolean isRate(String limit) {
        return limit.startsWith("s_") || limit.startsWith("r_");
    }

    /** Whether it is a name of a limit of this interface's, in one of the directions. */
    static boolean isRateOf(String agentInterface, String limit) {
        return limit.startsWith("s_" + agentInterface + "_") || limit.startsWith("r_" + agentInterface + "_");
    }

    /** Chain of what the group's agents send. */
    static String chain(String group) {
        return GROUP_CHAIN_PREFIX + group;
    }

    /** Chain of what others send to the group's agents. */
    static String receivingChain(String group) {
        return RECEIVING_CHAIN_PREFIX + group;
    }

    /** Chain of what the group's agents send in connections that were let pass. */
    static String establishedChain(String group) {
        return ESTABLISHED_CHAIN_PREFIX + group;
    }

    static boolean isGroupChain(String chain) {
        return chain.startsWith(GROUP_CHAIN_PREFIX);
    }

    static String group(String chain) {
        return chain.substring(GROUP_CHAIN_PREFIX.length());
    }

    static String digest(String text, int characters) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, characters);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
