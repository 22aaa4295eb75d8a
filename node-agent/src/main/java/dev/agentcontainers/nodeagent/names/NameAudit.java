package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
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
        public void connected(TlsDecision decision) {}

        @Override
        public void requested(HttpDecision decision) {}

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

    /**
     * Of a connection that may be TLS only.
     *
     * @param decision as the proxy tells it, which is not to be trusted
     */
    void connected(TlsDecision decision);

    /**
     * Of a request of HTTP to a name to which only some may pass.
     *
     * @param decision as the proxy tells it, which is not to be trusted
     */
    void requested(HttpDecision decision);

    /** So many decisions are not known. */
    void dropped(long count);

    /** Of what the proxy says, so much as a line can hold without looking like another. */
    static String printable(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.length() <= LONGEST ? plain : plain.substring(0, LONGEST) + "...";
    }
}
