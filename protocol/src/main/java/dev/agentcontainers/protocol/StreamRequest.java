package dev.agentcontainers.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a user wants of an agent. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = StreamRequest.Log.class, name = "log"),
    @JsonSubTypes.Type(value = StreamRequest.Exec.class, name = "exec"),
    @JsonSubTypes.Type(value = StreamRequest.Egress.class, name = "egress"),
    @JsonSubTypes.Type(value = StreamRequest.Usage.class, name = "usage"),
    @JsonSubTypes.Type(value = StreamRequest.Save.class, name = "save"),
    @JsonSubTypes.Type(value = StreamRequest.Restore.class, name = "restore"),
    @JsonSubTypes.Type(value = StreamRequest.Display.class, name = "display")
})
public sealed interface StreamRequest {
    /**
     * The agent's output.
     *
     * @param follow go on until the agent is finished for good
     * @param sinceSeconds only lines at most that old; null for all
     * @param tailLines only that many lines of what is there at first; null for all
     * @param timestamps put each line's time before it (RFC 3339)
     */
    record Log(
            boolean follow,
            @Nullable Long sinceSeconds,
            @Nullable Integer tailLines,
            boolean timestamps) implements StreamRequest {
        public Log {
            if (sinceSeconds != null && sinceSeconds < 1) {
                throw new IllegalArgumentException("sinceSeconds is " + sinceSeconds + ", must be 1 or more");
            }
            if (tailLines != null && tailLines < 0) {
                throw new IllegalArgumentException("tailLines is " + tailLines + ", must be 0 or more");
            }
        }
    }

    /**
     * What the agent is let do and denied in the network from now on, until it is finished for good: a line of JSON for
     * each, an event of the Open Cybersecurity Schema Framework.
     *
     * @param denied only what is denied, and what is not known
     */
    record Egress(boolean denied) implements StreamRequest {}

    /** What the agent uses now: one line with the JSON of an {@link AgentUsage}. */
    record Usage() implements StreamRequest {}

    /** The files of an agent that rests, as an archive; whole only where the result says so. */
    record Save() implements StreamRequest {}

    /** Such an archive is given, in place of the files of an agent that rests; whole only where its end is said. */
    record Restore() implements StreamRequest {}

    /** The display of an agent: RFB (RFC 6143) from its beginning, both ways, until either side leaves. */
    record Display() implements StreamRequest {}

    /**
     * A further process in the agent's sandbox.
     *
     * @param command program and arguments, at least one element
     * @param tty with a pseudo-terminal
     * @param stdin with standard input from the user
     */
    record Exec(List<String> command, boolean tty, boolean stdin) implements StreamRequest {
        public Exec {
            command = List.copyOf(command);
            if (command.isEmpty() || command.getFirst().isEmpty()) {
                throw new IllegalArgumentException("command is empty: name the program to run");
            }
        }
    }
}
