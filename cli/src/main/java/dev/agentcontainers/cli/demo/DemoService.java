package dev.agentcontainers.cli.demo;

import dev.agentcontainers.cli.fleet.Pause;
import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A small HTTP service in a network namespace of its own, reached from this machine by one address of the documentation
 * range 198.51.100.0/24 (RFC 5737). Needs root.
 *
 * @param name 1 to 7 letters; names the namespace {@code acdemo-NAME} and the link {@code acdemo-NAME}
 * @param address where the service listens
 * @param gateway address of this machine's side of the link
 */
public record DemoService(String name, String address, String gateway) {
    static final int PORT = 8080;
    private static final String OWNER = "agentctl demo of ";
    private static final Duration READY_WITHIN = Duration.ofSeconds(20);

    /** The service that the quick start's agent may call. */
    static final DemoService KNOWLEDGE = new DemoService("know", "198.51.100.10", "198.51.100.9");

    /** The service that it may not call. */
    static final DemoService COLLECTOR = new DemoService("collect", "198.51.100.20", "198.51.100.19");

    public static final List<DemoService> ALL = List.of(KNOWLEDGE, COLLECTOR);

    private String namespace() {
        return "acdemo-" + name;
    }

    private String link() {
        return "acdemo-" + name;
    }

    /**
     * Starts the service, replacing what an earlier demo left of it, and waits until it answers connections. It then is
     * that fleet's.
     *
     * @param home the fleet's folder, which gets the service's log
     */
    public void start(Path program, Path home) {
        stop();
        ip("netns", "add", namespace());
        ip("link", "add", link(), "type", "veth", "peer", "name", "eth0", "netns", namespace());
        ip("link", "set", link(), "alias", OWNER + home);
        ip("address", "add", gateway + "/32", "dev", link());
        ip("link", "set", link(), "up");
        ip("route", "replace", address + "/32", "dev", link());
        inside("link", "set", "lo", "up");
        inside("address", "add", address + "/32", "dev", "eth0");
        inside("link", "set", "eth0", "up");
        inside("route", "add", "default", "via", gateway, "dev", "eth0", "onlink");
        launch(program, log(home));
        awaitListening();
    }

    /** What the service that the fleet of that home started has to say. */
    Path log(Path home) {
        return home.resolve("demo-" + name + ".log");
    }

    /** Stops the service, unless it is that of another fleet which is still there. */
    public void stopOf(Path home) {
        Optional<Path> owner = owner();
        if (owner.isEmpty() || owner.get().equals(home) || !Files.exists(owner.get())) {
            stop();
        }
    }

    /** The home of the fleet that started it, as its link says; empty where there is no link, or none that says so. */
    private Optional<Path> owner() {
        Path alias = Path.of("/sys/class/net", link(), "ifalias");
        try {
            return Files.exists(alias)
                    ? Optional.of(Files.readString(alias).strip())
                            .filter(text -> text.startsWith(OWNER))
                            .map(text -> Path.of(text.substring(OWNER.length())))
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(alias + " can't be read", e);
        }
    }

    /** Stops the service and removes its namespace and link. No effect where there is none. */
    public void stop() {
        if (!Files.exists(Path.of("/run/netns", namespace()))) {
            return;
        }
        ExternalCommand.of("ip", "netns", "pids", namespace())
                .run()
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .mapToLong(Long::parseLong)
                .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        ip("netns", "delete", namespace());
        // The link goes with the namespace, but only once its last process is gone.
        ExternalCommand.of("ip", "link", "delete", link()).attempt();
    }

    private void launch(Path program, Path log) {
        try {
            new ProcessBuilder(
                            "setsid",
                            "ip",
                            "netns",
                            "exec",
                            namespace(),
                            "python3",
                            program.toString(),
                            name,
                            address,
                            Integer.toString(PORT))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new UserException("the demo's service " + name + " could not be started: " + e.getMessage());
        }
    }

    /** Requests that it has heard since its start, by what it wrote to its log. */
    long requests(Path home) {
        Path log = log(home);
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains("\"request\"")).count();
        } catch (IOException e) {
            throw new UncheckedIOException("the log " + log + " of the demo's service " + name + " can't be read", e);
        }
    }

    /** Whether it can be reached from this machine, outside any agent. */
    boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, PORT), 500);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void awaitListening() {
        Instant end = Instant.now().plus(READY_WITHIN);
        while (!listens()) {
            if (Instant.now().isAfter(end)) {
                throw new UserException(
                        "the demo's service " + name + " does not answer at " + address + ":" + PORT + "; see its log");
            }
            Pause.briefly();
        }
    }

    private static void ip(String... arguments) {
        ExternalCommand.of("ip").with(List.of(arguments)).run();
    }

    private void inside(String... arguments) {
        ExternalCommand.of("ip", "-n", namespace()).with(List.of(arguments)).run();
    }
}
