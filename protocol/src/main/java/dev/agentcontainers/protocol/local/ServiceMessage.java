package dev.agentcontainers.protocol.local;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;

/** From the service that runs the agent. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ServiceMessage.Output.class, name = "output"),
    @JsonSubTypes.Type(value = ServiceMessage.ErrorOutput.class, name = "error-output"),
    @JsonSubTypes.Type(value = ServiceMessage.Progress.class, name = "progress"),
    @JsonSubTypes.Type(value = ServiceMessage.Warning.class, name = "warning"),
    @JsonSubTypes.Type(value = ServiceMessage.Refused.class, name = "refused"),
    @JsonSubTypes.Type(value = ServiceMessage.Ended.class, name = "ended")
})
public sealed interface ServiceMessage {
    /** Longest message in bytes. Output comes in smaller pieces. */
    int MAXIMUM_LENGTH = 256 * 1024;

    /** Of the agent's standard output, in base64. */
    @SuppressWarnings("ArrayRecordComponent")
    record Output(byte[] data) implements ServiceMessage {}

    /** Of the agent's standard error, in base64. */
    @SuppressWarnings("ArrayRecordComponent")
    record ErrorOutput(byte[] data) implements ServiceMessage {}

    /** What is being done. */
    record Progress(String text) implements ServiceMessage {}

    /** What the user should know although the run goes on. */
    record Warning(String text) implements ServiceMessage {}

    /** The agent is not run, and why. The last message. */
    record Refused(String text) implements ServiceMessage {}

    /**
     * The run is over and nothing of it is left. The last message.
     *
     * @param exitCode the agent's; null where it never ran
     * @param problem why it ended other than by itself
     */
    record Ended(@Nullable Integer exitCode, @Nullable String problem, long deniedPackets) implements ServiceMessage {}
}
