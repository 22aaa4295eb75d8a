package dev.agentcontainers.protocol.local;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** From who wants an agent run. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ClientMessage.Run.class, name = "run"),
    @JsonSubTypes.Type(value = ClientMessage.Stop.class, name = "stop"),
    @JsonSubTypes.Type(value = ClientMessage.Kill.class, name = "kill")
})
public sealed interface ClientMessage {
    /** Longest message in bytes: manifests with a few full ConfigMaps. */
    int MAXIMUM_LENGTH = 8 << 20;

    /**
     * The first message, sent once.
     *
     * @param namespace of objects that name none
     */
    record Run(String namespace, List<Manifest> manifests) implements ClientMessage {}

    /** A YAML text and what messages call it. */
    record Manifest(String origin, String yaml) {}

    /** Asks the agent to stop, with its grace period. */
    record Stop() implements ClientMessage {}

    /** Kills the agent. */
    record Kill() implements ClientMessage {}
}
