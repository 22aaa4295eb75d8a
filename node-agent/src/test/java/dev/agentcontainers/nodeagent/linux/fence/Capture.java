package dev.agentcontainers.nodeagent.linux.fence;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A running tcpdump. */
final class Capture implements AutoCloseable {
    private final Process process;
    private final List<String> packets = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private Capture(Process process) {
        this.process = process;
        BufferedReader output = process.inputReader();
        this.reader = Thread.ofPlatform().daemon().start(() -> read(output, packets));
    }

    static Capture start(List<String> prefix, String device, String filter) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of("tcpdump", "-Z", "root", "-n", "-l", "--immediate-mode", "-i", device, filter));
        Process process = new ProcessBuilder(command).start();
        BufferedReader errors = process.errorReader();
        StringBuilder said = new StringBuilder();
        String line = errors.readLine();
        while (line != null && !line.startsWith("listening")) {
            said.append(line).append('\n');
            line = errors.readLine();
        }
        if (line == null) {
            throw new IOException("tcpdump did not start: " + said);
        }
        Capture capture = new Capture(process);
        Thread.ofPlatform().daemon().start(() -> read(errors, new ArrayList<>()));
        return capture;
    }

    private static void read(BufferedReader reader, List<String> lines) {
        try {
            String line = reader.readLine();
            while (line != null) {
                lines.add(line);
                line = reader.readLine();
            }
        } catch (IOException e) {
            // The capture was stopped.
        }
    }

    List<String> packets() {
        return List.copyOf(packets);
    }

    void awaitPacket() {
        awaitPacket("");
    }

    /** @param answer of the agent, shown where no packet comes */
    void awaitPacket(String answer) {
        await("packet after " + answer).atMost(Duration.ofSeconds(20)).until(() -> !packets.isEmpty());
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
