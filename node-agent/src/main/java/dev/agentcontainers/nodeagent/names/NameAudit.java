package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;

/** Keeps a record of what agents ask for. Must not wait. */
public interface NameAudit {
    /** Characters of a name whose every byte is written with four. */
    int LONGEST = 1016;

    /**
     * @param agent who asked
     * @param decision as the proxy tells it
     */
    void decided(String agent, NameDecision decision);

    /** So many decisions are not known. */
    void dropped(long count);

    /** Into the log: what was answered for those who look closely, everything else for all, as far as it is not too much. */
    static NameAudit logged() {
        return new LoggedNames();
    }

    /** Of what the proxy says, so much as a line of a log can hold without looking like another. */
    static String printable(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.length() <= LONGEST ? plain : plain.substring(0, LONGEST) + "...";
    }
}
