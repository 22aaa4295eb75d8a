package dev.agentcontainers.bench.latency;

import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.bench.mxc.MxcPackage;
import dev.agentcontainers.localcluster.process.FileTrees;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * The executor of Microsoft's MXC SDK, as its package has it, with its backend bubblewrap and one allowed range: as a user
 * without rights, which is what it is meant for. Its launcher runs all the time, so that only the executor is measured. What it
 * wants of a machine, a /dev/net/tun for everybody, it has in a mount namespace of its own.
 */
final class MxcExecutor implements AutoCloseable {
    private static final String CONFIGURATION = """
            {"version": "1.0.0", "containment": "bubblewrap", "process": {"commandLine": "/bin/date +%s%N"},
             "network": {"egress": {"default": "deny", "allow": [
               {"to": [{"cidr": "10.20.0.0/16"}], "ports": [{"protocol": "tcp", "port": 8080}]}]}}}
            """;
    private static final String OUTSIDE = """
            mknod "$1/tun" c 10 200 && chmod 666 "$1/tun" && mount --bind "$1/tun" /dev/net/tun \
              && exec setpriv --reuid="$2" --regid="$2" --clear-groups sh -c "$3" sh "$1"
            """;
    /** For each line of standard input: when it begins, and what the agent says. */
    private static final String LAUNCHER = """
            cd "$1/home" && export HOME="$1/home" TMPDIR="$1/home" && echo ready
            while read -r way; do
              date +%s%N
              if [ "$way" = bare ]; then bwrap --unshare-all --ro-bind / / /bin/date +%s%N
              else "$1/lxc-exec" "$1/configuration.json"; fi
              echo end
            done
            """;

    private final Path folder;
    private final Process launcher;
    private final BufferedReader output;
    private final OutputStream input;

    private MxcExecutor(Path folder, Process launcher) throws IOException {
        this.folder = folder;
        this.launcher = launcher;
        this.output = launcher.inputReader();
        this.input = launcher.getOutputStream();
        if (!"ready".equals(output.readLine())) {
            throw new IOException("the launcher of the MXC executor did not start");
        }
    }

    /** @param downloads where the package is kept from one run to the next */
    static MxcExecutor start(Path downloads) throws IOException {
        Commands.require("slirp4netns", "iptables-restore", "unshare");
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        MxcPackage.unpack(downloads, folder);
        Files.writeString(folder.resolve("configuration.json"), CONFIGURATION);
        Path home = Files.createDirectory(folder.resolve("home"));
        Commands.run("chown", MxcPackage.NOBODY, home.toString());
        Process launcher = new ProcessBuilder(List.of(
                        "unshare",
                        "--mount",
                        "--propagation=private",
                        "sh",
                        "-c",
                        OUTSIDE,
                        "sh",
                        folder.toString(),
                        MxcPackage.NOBODY,
                        LAUNCHER))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return new MxcExecutor(folder, launcher);
    }

    /** Nanoseconds from the executor's start to its agent's first instruction. */
    long filtered() throws IOException {
        return run("filtered");
    }

    /** The same of bubblewrap alone, without any network. */
    long bare() throws IOException {
        return run("bare");
    }

    private long run(String way) throws IOException {
        input.write((way + "\n").getBytes(StandardCharsets.UTF_8));
        input.flush();
        long begin = Long.parseLong(String.valueOf(output.readLine()));
        long first = 0;
        for (String line = output.readLine(); !"end".equals(line); line = output.readLine()) {
            if (line == null) {
                throw new IOException("the launcher of the MXC executor has ended");
            }
            if (line.matches("\\d{19}")) {
                first = Long.parseLong(line);
            }
        }
        if (first == 0) {
            throw new IOException("the agent of the MXC executor has not run (%s)".formatted(way));
        }
        return first - begin;
    }

    @Override
    public void close() throws IOException {
        input.close();
        launcher.onExit().join();
        FileTrees.delete(folder);
    }
}
