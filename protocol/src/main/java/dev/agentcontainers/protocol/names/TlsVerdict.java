package dev.agentcontainers.protocol.names;

/** What becomes of a connection that may be nothing but TLS for the name that its address was resolved for. */
public enum TlsVerdict {
    /** It is, and goes on. */
    PASSED,
    /** The sender is no agent that is known. */
    UNKNOWN_AGENT,
    /** It begins with something else than a handshake of TLS. */
    NOT_TLS,
    /** The handshake does not begin with a ClientHello as RFC 8446 has it. */
    MALFORMED,
    /** The ClientHello is spread over several records. */
    SPLIT,
    /** It names no server. */
    NO_SERVER_NAME,
    /** It has an encrypted ClientHello inside, or says that it has. */
    ENCRYPTED_HELLO,
    /** It names a server that no rule with TLS allows there, or that the agent has not resolved to this address. */
    OTHER_NAME,
    /** No whole ClientHello came in time, or before the agent's end. */
    INCOMPLETE,
    /** The agent, or all agents together, have too many connections. */
    TOO_MANY,
    /** Nobody answers there. */
    UNREACHABLE,
    /** It is to be decrypted, and the node agent gave no certificate for its name. */
    NOT_CERTIFIED,
    /**
     * It is to be decrypted, and the agent ended it before that: it does not trust its own authority, or wants a version, cipher or
     * protocol of application that is not there.
     */
    NOT_AGREED,
    /** Only rules with budgets allow it, and none of them has any left: at its beginning, or by then. */
    BUDGET_USED_UP,
    /** Only rules with budgets allow it, and nobody charges them: the node agent is away or refuses, or they went. */
    UNCHARGED,
    /** It had passed, and was cut because its name was taken back. */
    REVOKED
}
