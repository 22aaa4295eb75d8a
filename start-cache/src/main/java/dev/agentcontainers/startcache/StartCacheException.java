package dev.agentcontainers.startcache;

/** Why there is no start cache. Never a reason not to start the program. */
public final class StartCacheException extends Exception {
    private static final long serialVersionUID = 1L;

    StartCacheException(String message) {
        super(message);
    }
}
