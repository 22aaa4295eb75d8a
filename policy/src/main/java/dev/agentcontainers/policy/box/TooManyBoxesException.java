package dev.agentcontainers.policy.box;

/** A set of flows takes more boxes than allowed. */
public final class TooManyBoxesException extends Exception {
    TooManyBoxesException(int limit) {
        super("more than " + limit + " boxes");
    }
}
