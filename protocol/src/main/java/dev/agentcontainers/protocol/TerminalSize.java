package dev.agentcontainers.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Size of a terminal in characters; the JSON is that of Kubernetes' remotecommand. */
public record TerminalSize(
        @JsonProperty("Width") int columns,
        @JsonProperty("Height") int rows) {
    private static final int LARGEST = 0xffff;

    public TerminalSize {
        if (columns < 1 || rows < 1 || columns > LARGEST || rows > LARGEST) {
            throw new IllegalArgumentException(
                    "a terminal of %d by %d characters: each must be 1 to %d".formatted(columns, rows, LARGEST));
        }
    }
}
