package dev.agentcontainers.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.fabric8.kubernetes.api.model.Status;

/** A text message of the connection that a node agent holds open to the gateway. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ControlMessage.Open.class, name = "open"),
    @JsonSubTypes.Type(value = ControlMessage.Refuse.class, name = "refuse")
})
public sealed interface ControlMessage {
    /** The WebSocket subprotocol of that connection. */
    String SUBPROTOCOL = "v1.node.agentcontainers.dev";

    /**
     * From the gateway: dial {@link GatewayPaths#NODE_STREAMS} with this id, once, and serve the request.
     *
     * @param assignment name of the AgentAssignment, which is the sandbox's id
     */
    record Open(String streamId, String assignment, StreamRequest request) implements ControlMessage {}

    /** From the node agent: it will not dial for that id. */
    record Refuse(String streamId, Status status) implements ControlMessage {}

    /** @throws ProtocolException where the text is no control message */
    static ControlMessage parse(String text) throws ProtocolException {
        try {
            return Json.parse(text, ControlMessage.class);
        } catch (JsonProcessingException e) {
            throw new ProtocolException("not a control message: " + e.getOriginalMessage());
        }
    }
}
