package dev.agentcontainers.cli.rootless;

import dev.agentcontainers.cli.prerequisite.Prerequisites;
import dev.agentcontainers.cli.prerequisite.Prerequisites.Prerequisite;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.linux.LinuxPlatform;
import dev.agentcontainers.nodeagent.linux.rootless.OwnNamespaces;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import sun.misc.Signal;

/**
 * This very command once more, as root of namespaces of the user's own. There it does what it does for root; what it can't see from
 * there, it is told by its {@link Tether}.
 */
public final class AgainAsRoot {
    private static final List<Prerequisite> NEEDED = List.of(
            Prerequisite.file("crun", "crun"),
            Prerequisite.file("conmon", "conmon"),
            Prerequisite.file("libnftables1", "libnftables.so.1"),
            Prerequisite.file("iproute2", "ip"),
            Prerequisite.file("uidmap", "newuidmap"),
            Prerequisite.file("slirp4netns", "slirp4netns"));

    private final Map<String, String> environment;
    private final int failure;
    private final CompletableFuture<OwnNamespaces> running = new CompletableFuture<>();

    /** @param failure exit code where it can't be begun */
    public AgainAsRoot(Map<String, String> environment, int failure) {
        this.environment = environment;
        this.failure = failure;
    }

    /**
     * Runs it to its end.
     *
     * @return its exit code
     * @throws UserException where it can't be begun
     */
    public int await() throws InterruptedException {
        try (OwnNamespaces namespaces = begin();
                MachineAddresses addresses = new MachineAddresses(all -> namespaces.tell(Tether.closing(all)))) {
            try {
                addresses.tell();
            } catch (IOException e) {
                throw new UserException(
                        "it can't be told which addresses this machine has: " + e.getMessage(), failure);
            }
            for (String name : List.of("INT", "TERM", "HUP")) {
                Signal.handle(new Signal(name), signal -> namespaces.tell(Tether.raising(signal.getName())));
            }
            addresses.follow();
            running.complete(namespaces);
            return namespaces.await();
        }
    }

    /** Nothing is let through any more, so that the command would only wait. */
    private void networkEnded(String said) {
        running.thenAccept(namespaces -> {
            System.err.println("agentctl: the network of this command's namespaces has ended, and the command with it: "
                    + (said.isEmpty() ? "slirp4netns was killed" : "slirp4netns said: " + said));
            namespaces.tell(Tether.raising("HUP"));
        });
    }

    private OwnNamespaces begin() throws InterruptedException {
        try {
            Prerequisites.ensureHere(NEEDED);
            Path folder = folder();
            return OwnNamespaces.begin(
                    new OwnNamespaces.Beginning(
                            ownCommand(),
                            variables(),
                            LinuxPlatform.ids(StandaloneRun.rootlessSettings(), StandaloneRun.rootlessFence()),
                            made(folder.resolve("run"), "rwx--x--x"),
                            made(folder.resolve("lib"), "rwx--x--x")),
                    this::networkEnded);
        } catch (UserException | IOException e) {
            throw new UserException(
                    "this can't be done without root: %s. Or do it with sudo; agents are run by this machine's service too (agentctl serve --help)"
                            .formatted(String.valueOf(e.getMessage()).replaceAll("\\.$", "")),
                    failure);
        }
    }

    /** As the kernel has it: the JVM and all its options. */
    private static List<String> ownCommand() throws IOException {
        String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
        List<String> words = new ArrayList<>(List.of(line.split("\0", -1)));
        // Each word ends with one, the last too.
        words.removeLast();
        words.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
        return words;
    }

    private Map<String, String> variables() {
        Map<String, String> variables = new HashMap<>(environment);
        variables.put(Tether.VARIABLE, Integer.toString(OwnNamespaces.TETHER));
        return variables;
    }

    /** Source: XDG Base Directory Specification 0.8. */
    private Path folder() throws IOException {
        Path state = Path.of(environment.getOrDefault("XDG_STATE_HOME", ""));
        if (!state.isAbsolute()) {
            state = Path.of(System.getProperty("user.home"), ".local", "state");
        }
        return made(state.resolve("agentcontainers"), "rwx------").resolve("rootless");
    }

    private static Path made(Path folder, String permissions) throws IOException {
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(permissions));
            return folder;
        } catch (IOException e) {
            throw new IOException(
                    "the folder %s, for images and what runs need, can't be made or is not yours (%s): name another by XDG_STATE_HOME"
                            .formatted(folder, e.getClass().getSimpleName()),
                    e);
        }
    }
}
