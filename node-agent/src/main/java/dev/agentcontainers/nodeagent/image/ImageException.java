package dev.agentcontainers.nodeagent.image;

import java.io.IOException;

/** An image can't be had. The message says what was asked, what was found and what would be right; it is shown to users. */
public final class ImageException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What to do about it. */
    public enum Kind {
        /** It is not an image that can be used here, whoever has it. */
        UNUSABLE,
        /** What was received is not what its digest says. */
        CORRUPT,
        /** The registry has no such image. */
        NOT_FOUND,
        /** The registry wants other credentials. */
        DENIED,
        /** The registry can't be reached or is not able to answer; may pass by itself. */
        UNREACHABLE,
        /** This machine's disk has no room for it. */
        NO_ROOM,
        /** It has not the signature that the node asks for, or is to run nowhere here. */
        UNSIGNED
    }

    private final Kind kind;

    public ImageException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public ImageException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
