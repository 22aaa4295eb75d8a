package dev.agentcontainers.startcache;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The process that rehearses a start, and that ends when this one does: its standard input then ends. A node agent's rehearsal runs in user, network, mount and process namespaces of its
 * own: it opens a fence and looks for control groups, which must not be the machine's, and whatever it leaves ends with it.
 */
final class RehearsalProcess {
    private static final int MINUTES = 4;
    private static final int TAIL = 2000;

    private RehearsalProcess() {}

    static void run(Program program, Path scratch, Path cache)
            throws IOException, StartCacheException, InterruptedException {
        Path log = scratch.resolve("rehearsal.log");
        List<String> command = new ArrayList<>(apart(program.role()));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                ownClasses(),
                Rehearsal.class.getName(),
                program.role().toString(),
                scratch.toString(),
                cache.toString(),
                program.java().toString(),
                program.jar().toString()));
        command.addAll(program.options());
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                throw new StartCacheException(
                        "the rehearsed start of the %s took longer than %d minutes".formatted(program.role(), MINUTES));
            }
        } finally {
            end(process);
        }
        if (process.exitValue() != 0 || !Files.exists(cache)) {
            throw new StartCacheException(
                    "the start of the %s could not be rehearsed: %s".formatted(program.role(), tail(log)));
        }
    }

    private static List<String> apart(Program.Role role) {
        return switch (role) {
            case OPERATOR -> List.of();
            case NODE_AGENT ->
                List.of(
                        "unshare",
                        "--user",
                        "--map-root-user",
                        "--net",
                        "--mount",
                        "--pid",
                        "--fork",
                        "--kill-child",
                        "--mount-proc",
                        "sh",
                        "-c",
                        "ip link set lo up && mount -t tmpfs tmpfs /sys/fs/cgroup && exec \"$@\"",
                        "sh");
        };
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private static String ownClasses() {
        try {
            return Path.of(RehearsalProcess.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String tail(Path log) throws IOException {
        String text = Files.readString(log, StandardCharsets.UTF_8).strip();
        return text.length() <= TAIL ? text : text.substring(text.length() - TAIL);
    }
}
