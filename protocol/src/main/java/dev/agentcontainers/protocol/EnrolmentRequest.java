package dev.agentcontainers.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A machine asks to become a node.
 *
 * @param nodeName name that its AgentNode is to have
 * @param certificateRequest PKCS #10 as PEM; only its key counts, which stays the node's for its life
 * @param labels labels for its AgentNode, where it is new
 */
public record EnrolmentRequest(
        String nodeName,
        String certificateRequest,
        @Nullable Map<String, String> labels) {}
