package dev.agentcontainers.cli.rootless;

import dev.agentcontainers.nodeagent.linux.rootless.OwnNamespaces;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import sun.misc.Signal;

/**
 * By which a command in namespaces of its own is told what happens outside them, line by line: {@code close ADDRESS…} once a second
 * names all of the machine's addresses, {@code raise SIGNAL} passes a signal on. At the end of the line whoever began it is gone, and it
 * ends. Thread-safe.
 */
public final class Tether {
    /** Names the descriptor, for this program alone. */
    static final String VARIABLE = "AGENTCTL_TETHER";

    private static final String CLOSE = "close ";
    private static final String RAISE = "raise ";

    /** A stopped process tells nothing, and which addresses the machine has then is not known. */
    private static final Duration SILENCE = Duration.ofSeconds(10);

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final List<String> EVERYTHING = List.of("0.0.0.0/0");
    private static final String EVERYBODY = "4294967295";

    private final BufferedReader lines;
    private final AtomicLong lastTold = new AtomicLong(System.nanoTime());
    private List<String> closed = List.of();
    private Consumer<List<String>> closing = _ -> {};

    private Tether(BufferedReader lines) {
        this.lines = lines;
    }

    /** Whether this process is root of namespaces of an ordinary user's. */
    public static boolean holds(Map<String, String> environment) throws IOException {
        return environment.containsKey(VARIABLE) && isInOwnUsers(Files.readString(Path.of("/proc/self/uid_map")));
    }

    /** The machine's first user namespace has every id as it is. Source: user_namespaces(7). */
    static boolean isInOwnUsers(String map) {
        return !map.strip().replaceAll("\\s+", " ").equals("0 0 " + EVERYBODY);
    }

    static String closing(Collection<String> addresses) {
        return CLOSE + String.join(" ", addresses);
    }

    static String raising(String signal) {
        return RAISE + signal;
    }

    /**
     * That of this process, once it has said what is closed; empty where it has none. From then on it does as it is told.
     *
     * @throws IOException where it ends before
     */
    public static Optional<Tether> of(Map<String, String> environment) throws IOException {
        if (!holds(environment)) {
            return Optional.empty();
        }
        Tether tether = new Tether(
                Files.newBufferedReader(Path.of("/proc/self/fd", environment.get(VARIABLE)), StandardCharsets.UTF_8));
        String first = tether.lines.readLine();
        if (first == null || !first.startsWith(CLOSE)) {
            throw new IOException("it is not said which addresses the machine has");
        }
        tether.close(closed(first));
        Thread.ofPlatform().daemon().name("tether").start(tether::follow);
        Thread.ofPlatform().daemon().name("silence of the tether").start(tether::watch);
        return Optional.of(tether);
    }

    /** What no agent may reach: the machine's own addresses, and what carries its packets. */
    public synchronized List<String> closed() {
        return closed;
    }

    /** Has somebody told what no agent may reach from now on, now and at each change. */
    public synchronized void onChange(Consumer<List<String>> listener) {
        closing = listener;
        listener.accept(closed);
    }

    private synchronized void close(List<String> addresses) {
        if (!addresses.equals(closed)) {
            closed = addresses;
            closing.accept(addresses);
        }
    }

    private static List<String> closed(String line) {
        List<String> closed = new ArrayList<>(List.of(OwnNamespaces.NETWORK));
        List.of(line.substring(CLOSE.length()).split(" ")).stream()
                .filter(address -> !address.isEmpty())
                .forEach(closed::add);
        return closed;
    }

    private void follow() {
        try {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(CLOSE)) {
                    lastTold.set(System.nanoTime());
                    close(closed(line));
                } else if (line.startsWith(RAISE)) {
                    Signal.raise(new Signal(line.substring(RAISE.length())));
                }
            }
        } catch (IOException e) {
            // As its end.
        }
        // Twice: the second kills an agent at once.
        Signal.raise(new Signal("HUP"));
        Signal.raise(new Signal("HUP"));
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(LOOK);
                if (System.nanoTime() - lastTold.get() > SILENCE.toNanos()) {
                    close(EVERYTHING);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
