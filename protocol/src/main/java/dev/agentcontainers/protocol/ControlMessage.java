package dev.agentcontainers.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import io.fabric8.kubernetes.api.model.Status;
import java.util.Optional;

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

    /**
     * Only read, never sent: one that this version does not know, because it is older than what has sent it.
     *
     * @param streamId of the stream that it concerns, where it names one as all of today do: that can be refused
     * @param what it is, for people
     */
    record Unknown(Optional<String> streamId, String what) implements ControlMessage {}

    /** @throws ProtocolException where the text is no control message of this version, nor looks like one of a later */
    static ControlMessage parse(String text) throws ProtocolException {
        try {
            return Json.parse(text, ControlMessage.class);
        } catch (InvalidTypeIdException e) {
            return unknown(text, e).orElseThrow(() -> noMessage(e));
        } catch (JsonProcessingException e) {
            throw noMessage(e);
        }
    }

    private static ProtocolException noMessage(JsonProcessingException problem) {
        return new ProtocolException("not a control message: " + problem.getOriginalMessage());
    }

    private static Optional<ControlMessage> unknown(String text, InvalidTypeIdException problem) {
        String kind = problem.getTypeId();
        if (kind == null || kind.isEmpty()) {
            return Optional.empty();
        }
        Optional<String> streamId;
        try {
            streamId =
                    Optional.ofNullable(Json.parse(text, AddressedMessage.class).streamId());
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
        if (!problem.getBaseType().hasRawClass(StreamRequest.class)) {
            return Optional.of(new Unknown(streamId, "messages of type '" + kind + "'"));
        }
        return streamId.map(id -> new Unknown(Optional.of(id), "requests of kind '" + kind + "'"));
    }
}
