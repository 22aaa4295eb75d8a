package dev.agentcontainers.protocol.names;

/** What becomes of a question for a name. */
public enum NameVerdict {
    /** Resolved, opened and answered. */
    RESOLVED,
    /** The name is allowed; there is no answer of that type, or the agent can't use one. */
    NO_DATA,
    /** The name is allowed and doesn't exist. */
    NO_SUCH_NAME,
    /** The sender is no agent that is known. */
    UNKNOWN_AGENT,
    /** No message of DNS, or not one that is served. */
    MALFORMED,
    /** No rule of the agent's group allows the name. */
    DENIED,
    /** The agent asks too often. */
    TOO_MANY,
    /** The name is below a wildcard and looks like one that carries data out, or there are too many of them. */
    TUNNEL,
    /** The name resolves to addresses only that no name may open. */
    REFUSED_ADDRESSES,
    /** The resolver upstream gave no answer. */
    UPSTREAM_FAILED,
    /** The node agent opened nothing, or is away. */
    NOT_OPENED
}
