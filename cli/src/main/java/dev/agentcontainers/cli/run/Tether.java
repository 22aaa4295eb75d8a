package dev.agentcontainers.cli.run;

import dev.agentcontainers.nodeagent.linux.rootless.OwnNamespaces;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import sun.misc.Signal;

/**
 * By which a run in namespaces of its own is told what happens outside them, line by line: {@code close ADDRESS…} names all of the
 * machine's addresses, {@code raise SIGNAL} passes a signal on. At the end of the line whoever began it is gone, and it ends.
 */
final class Tether {
    /** Names the descriptor, for this program alone. */
    static final String VARIABLE = "AGENTCTL_TETHER";

    private static final String CLOSE = "close ";
    private static final String RAISE = "raise ";

    private final BufferedReader lines;
    private List<String> closed = List.of();

    private Tether(BufferedReader lines) {
        this.lines = lines;
    }

    static String closing(Collection<String> addresses) {
        return CLOSE + String.join(" ", addresses);
    }

    static String raising(String signal) {
        return RAISE + signal;
    }

    /**
     * That of this process, once it has said what is closed; empty where it has none.
     *
     * @throws IOException where it ends before
     */
    static Optional<Tether> of(Map<String, String> environment) throws IOException {
        String descriptor = environment.get(VARIABLE);
        if (descriptor == null) {
            return Optional.empty();
        }
        Tether tether =
                new Tether(Files.newBufferedReader(Path.of("/proc/self/fd", descriptor), StandardCharsets.UTF_8));
        String first = tether.lines.readLine();
        if (first == null || !first.startsWith(CLOSE)) {
            throw new IOException("it is not said which addresses the machine has");
        }
        tether.closed = closed(first);
        return Optional.of(tether);
    }

    /** What no agent may reach: the machine's own addresses, and what carries its packets. */
    List<String> closed() {
        return closed;
    }

    private static List<String> closed(String line) {
        List<String> closed = new ArrayList<>(List.of(OwnNamespaces.NETWORK));
        List.of(line.substring(CLOSE.length()).split(" ")).stream()
                .filter(address -> !address.isEmpty())
                .forEach(closed::add);
        return closed;
    }

    /** Does as it is told until the end of this process, in the background. */
    void follow(Consumer<List<String>> closing) {
        Thread.ofPlatform().daemon().name("tether").start(() -> {
            try {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith(CLOSE)) {
                        closing.accept(closed(line));
                    } else if (line.startsWith(RAISE)) {
                        Signal.raise(new Signal(line.substring(RAISE.length())));
                    }
                }
            } catch (IOException e) {
                // As its end.
            }
            // Twice: the second kills the agent at once.
            Signal.raise(new Signal("HUP"));
            Signal.raise(new Signal("HUP"));
        });
    }
}
