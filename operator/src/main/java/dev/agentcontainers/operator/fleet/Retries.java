package dev.agentcontainers.operator.fleet;

/**
 * How a reconciliation that failed is repeated: for as long as it fails. The framework's standard is to give up after five
 * attempts, some twenty seconds, until something else changes or ten minutes are over: a node or an agent would be left alone
 * because the API server could not be reached for half a minute.
 */
public final class Retries {
    /** Milliseconds to the first repetition; each further one takes half as long again. */
    public static final long FIRST_MILLIS = 1_000;
    /** Milliseconds that are not exceeded. */
    public static final long LONGEST_MILLIS = 30_000;
    /** The framework's word for no limit. */
    public static final int UNLIMITED = -1;

    private Retries() {}
}
