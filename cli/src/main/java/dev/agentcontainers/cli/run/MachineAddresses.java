package dev.agentcontainers.cli.run;

import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;

/** The addresses that this machine has, told whenever they are others than before. */
final class MachineAddresses implements AutoCloseable {
    private static final Duration EVERY = Duration.ofSeconds(1);

    private final Consumer<SortedSet<String>> told;
    private Optional<SortedSet<String>> last = Optional.empty();
    private volatile boolean closed;

    MachineAddresses(Consumer<SortedSet<String>> told) {
        this.told = told;
    }

    /** Tells them now, unless they were told before. */
    synchronized void tell() {
        SortedSet<String> now = now();
        if (!closed && !last.equals(Optional.of(now))) {
            last = Optional.of(now);
            told.accept(now);
        }
    }

    /** Looks for others once a second until this is closed. */
    void follow() {
        Thread.ofVirtual().name("addresses of the machine").start(() -> {
            while (!closed) {
                try {
                    Thread.sleep(EVERY);
                } catch (InterruptedException e) {
                    return;
                }
                tell();
            }
        });
    }

    /** Without the zones of IPv6, which mean nothing elsewhere. */
    private static SortedSet<String> now() {
        try {
            SortedSet<String> addresses = new TreeSet<>();
            for (NetworkInterface network : NetworkInterface.networkInterfaces().toList()) {
                network.inetAddresses()
                        .map(InetAddress::getHostAddress)
                        .map(address -> address.replaceAll("%.*", ""))
                        .forEach(addresses::add);
            }
            return addresses;
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
