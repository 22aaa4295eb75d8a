package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.UserException;
import java.time.Duration;

/** The pause between two looks at something that is waited for. */
public final class Pause {
    private static final Duration BRIEFLY = Duration.ofMillis(100);

    private Pause() {}

    public static void briefly() {
        try {
            Thread.sleep(BRIEFLY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException("interrupted", 130);
        }
    }
}
