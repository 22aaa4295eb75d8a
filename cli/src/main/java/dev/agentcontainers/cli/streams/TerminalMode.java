package dev.agentcontainers.cli.streams;

import dev.agentcontainers.protocol.TerminalSize;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sun.misc.Signal;

/**
 * The terminal that standard input is, by {@code stty}: its size, and raw mode, in which keys go to the other end as they
 * are. What was before is restored at close and, should that not be reached, at the JVM's end.
 */
final class TerminalMode implements AutoCloseable {
    private final String saved;
    private final Thread hook = new Thread(this::restore, "restore-terminal");

    private TerminalMode(String saved) {
        this.saved = saved;
    }

    /** Raw mode from now on; empty where standard input is no terminal. */
    static Optional<TerminalMode> raw() {
        Optional<String> before = stty("-g");
        if (before.isEmpty()) {
            return Optional.empty();
        }
        TerminalMode mode = new TerminalMode(before.get());
        Runtime.getRuntime().addShutdownHook(mode.hook);
        stty("raw", "-echo");
        return Optional.of(mode);
    }

    static Optional<TerminalSize> size() {
        return stty("size").map(text -> text.split(" ", -1)).flatMap(TerminalMode::size);
    }

    /** Empty for a terminal that does not say, as those of some programs (0 by 0). */
    private static Optional<TerminalSize> size(String[] rowsAndColumns) {
        try {
            return rowsAndColumns.length == 2
                    ? Optional.of(
                            new TerminalSize(Integer.parseInt(rowsAndColumns[1]), Integer.parseInt(rowsAndColumns[0])))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Runs that whenever the terminal's size has changed, on a thread of the JVM. */
    static void onResize(Runnable action) {
        try {
            Signal.handle(new Signal("WINCH"), signal -> action.run());
        } catch (IllegalArgumentException e) {
            // Not on this operating system: the size stays what it was at first.
        }
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM ends already; restoring twice does no harm.
        }
    }

    private void restore() {
        stty(saved);
    }

    private static Optional<String> stty(String... arguments) {
        List<String> command = new ArrayList<>(List.of("stty"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(Redirect.INHERIT)
                    .redirectError(Redirect.DISCARD)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? Optional.of(output) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
