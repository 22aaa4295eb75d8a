package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.util.List;

/** Keeps a record of what agents ask for. Must not wait. */
public interface NameAudit {
    /** Characters of a name whose every byte is written with four. */
    int LONGEST = 1016;

    /** Nothing is kept. */
    NameAudit NONE = new NameAudit() {
        @Override
        public void opened(SandboxId agent, String name, List<String> addresses) {}

        @Override
        public void decided(NameDecision decision) {}

        @Override
        public void dropped(long count) {}
    };

    /**
     * The agent may be told these addresses of a name from now on.
     *
     * @param name that a rule of the agent's allows
     */
    void opened(SandboxId agent, String name, List<String> addresses);

    /** @param decision as the proxy tells it, which is not to be trusted */
    void decided(NameDecision decision);

    /** So many decisions are not known. */
    void dropped(long count);

    /** Of what the proxy says, so much as a line can hold without looking like another. */
    static String printable(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.length() <= LONGEST ? plain : plain.substring(0, LONGEST) + "...";
    }
}
