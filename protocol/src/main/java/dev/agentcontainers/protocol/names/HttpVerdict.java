package dev.agentcontainers.protocol.names;

/** What becomes of a request of HTTP to a name to which only some may pass. */
public enum HttpVerdict {
    /** It was allowed and handed on. */
    PASSED,
    /** It was allowed, and its connection goes on as a WebSocket; of the WebSocket's end is told by another verdict. */
    UPGRADED,
    /** The sender is no agent that is known. */
    UNKNOWN_AGENT,
    /** What the connection sends is no HTTP/1.1, or no HTTP/2 where that was agreed. */
    NOT_HTTP,
    /** The message can be read in more than one way, or in none. */
    MALFORMED,
    /** Its line, its headers or one of them are too long. */
    TOO_LARGE,
    /** Its path can mean different things to different servers. */
    AMBIGUOUS_PATH,
    /** It has headers that let servers take another method, path or host for the request's. */
    OVERRIDDEN,
    /** It asks for another protocol: CONNECT, an Upgrade to anything but a WebSocket, HTTP/2 without TLS, a WebSocket inside HTTP/2. */
    OTHER_PROTOCOL,
    /** It asks for a WebSocket in another way than RFC 6455 has it. */
    BAD_HANDSHAKE,
    /** It names no host, several, or one that was not resolved to this address and that no rule allows there. */
    OTHER_HOST,
    /** No rule allows its method and path. */
    NO_RULE,
    /** It asks the proxy for an address, or for a name at a port for which no rule with TLS or requests is. */
    NOT_SERVED,
    /** It asks the proxy for a name that it may have at that port, and that was not resolved, or to nothing that was opened to be intercepted there. */
    UNRESOLVED,
    /** No whole head of a request came in time, or before the agent's end. */
    INCOMPLETE,
    /** The agent, or all agents together, have too many connections or streams; or frames without content came again and again. */
    TOO_MANY,
    /** Nobody answers there. */
    UNREACHABLE,
    /** Inside TLS: the server has no certificate for that name which the machine trusts. */
    UNTRUSTED_SERVER,
    /** Only rules with budgets allow it, and none of them has any left: before it was handed on, or by then. */
    BUDGET_USED_UP,
    /** Only rules with budgets allow it, and nobody charges them: the node agent is away or refuses, or they went. */
    UNCHARGED,
    /** It was handed on; what came back is no answer, or ended early. */
    BROKEN,
    /** It was handed on, and cut because a rule was taken back. */
    REVOKED
}
