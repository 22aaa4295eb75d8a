package dev.agentcontainers.cli.rootless;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The addresses and ranges of IPv4 that lead to this machine, told once a second: those of its interfaces, and all others that it takes
 * for its own. Who is told can so tell silence from nothing new. Agents' packets have no IPv6.
 */
final class MachineAddresses implements AutoCloseable {
    private static final Duration EVERY = Duration.ofSeconds(1);
    private static final Path ROUTES = Path.of("/proc/net/fib_trie");
    private static final Pattern ADDRESS = Pattern.compile("\\|-- ([0-9.]+)");
    private static final Pattern LOCAL = Pattern.compile("/(\\d+) \\w+ LOCAL");

    private final Consumer<SortedSet<String>> told;
    private volatile boolean closed;

    MachineAddresses(Consumer<SortedSet<String>> told) {
        this.told = told;
    }

    /** Tells them now. */
    void tell() throws IOException {
        told.accept(local(Files.readAllLines(ROUTES)));
    }

    /** Tells them until this is closed; not in a second in which they can't be read. */
    void follow() {
        Thread.ofPlatform().daemon().name("addresses of the machine").start(() -> {
            while (!closed) {
                try {
                    Thread.sleep(EVERY);
                    tell();
                } catch (IOException e) {
                    // Who waits for it takes silence for the worst.
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    /** Source: net/ipv4/fib_trie.c of Linux, fib_trie_seq_show. Routes follow the address that they are for. */
    static SortedSet<String> local(List<String> trie) {
        SortedSet<String> found = new TreeSet<>();
        String address = "";
        for (String line : trie) {
            Matcher leaf = ADDRESS.matcher(line);
            Matcher route = LOCAL.matcher(line);
            if (leaf.find()) {
                address = leaf.group(1);
            } else if (route.find()) {
                found.add(address + "/" + route.group(1));
            }
        }
        return found;
    }

    @Override
    public void close() {
        closed = true;
    }
}
