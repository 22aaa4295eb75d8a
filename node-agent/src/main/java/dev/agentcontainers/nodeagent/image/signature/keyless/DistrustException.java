package dev.agentcontainers.nodeagent.image.signature.keyless;

/** A signature does not count. The message goes on from "the signature", for people, and may quote strangers, shortened. */
public final class DistrustException extends Exception {
    public DistrustException(String why) {
        super(why);
    }

    DistrustException(String why, Throwable cause) {
        super(why, cause);
    }

    public String why() {
        return String.valueOf(getMessage());
    }
}
