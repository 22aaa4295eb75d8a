package dev.agentcontainers.cli.process;

import dev.agentcontainers.cli.terminal.UserException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ends processes of this machine. */
public final class Termination {
    private Termination() {}

    /**
     * Asks the process to end, kills it where it does not, and returns once it has.
     *
     * @param name for messages
     */
    public static void of(ProcessHandle process, String name, Duration within) {
        process.destroy();
        try {
            process.onExit().get(within.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly();
            process.onExit().join();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException("interrupted while stopping the " + name, 130);
        }
    }
}
