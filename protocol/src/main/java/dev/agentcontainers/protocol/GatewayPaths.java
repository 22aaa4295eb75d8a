package dev.agentcontainers.protocol;

/** Where the gateway serves what, and names that node agents, users and operator must agree on. */
public final class GatewayPaths {
    /** POST {@link EnrolmentRequest}, with a bootstrap token or a ServiceAccount token as bearer. */
    public static final String ENROL = "/v1/enrol";

    /** POST {@link RenewalRequest}, with the node's client certificate. */
    public static final String RENEW = "/v1/renew";

    /** WebSocket of {@link ControlMessage}s, with the node's client certificate. */
    public static final String NODE_CONTROL = "/v1/node/control";

    /** WebSocket of {@link StreamFrame}s, with the node's client certificate; followed by the stream's id. */
    public static final String NODE_STREAMS = "/v1/node/streams/";

    /** Audience of ServiceAccount tokens that may enrol nodes. */
    public static final String ENROLMENT_AUDIENCE = "agentcontainers-enrolment";

    /** ConfigMap in the operator's namespace that tells users where the gateway is. */
    public static final String CONFIG_MAP = "agentcontainers-gateway";

    /** Key of the gateway's URL there. */
    public static final String CONFIG_URL = "url";

    /** Key of the gateway's authority (PEM) there. */
    public static final String CONFIG_AUTHORITY = "ca.crt";

    /** Common name of a node's client certificate, before the AgentNode's name. */
    public static final String NODE_COMMON_NAME = "agentnode:";

    /** Name of a node agent's ServiceAccount, in its node's namespace. */
    public static final String NODE_SERVICE_ACCOUNT = "node-agent";

    /**
     * Bytes of a request's first line, in which a command and a path of 4,095 bytes fit whose every byte is percent-encoded.
     */
    public static final int LONGEST_LINE = 16 << 10;

    private GatewayPaths() {}
}
