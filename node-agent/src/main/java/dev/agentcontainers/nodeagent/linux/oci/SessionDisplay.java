package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.oci.Companion.Begun;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.Screen;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * The display of an agent's session: an X server in the sandbox that serves RFB at a socket which it is given by the node. The
 * socket's name is in the sandbox's bundle, where nothing of the agent gets: nobody there can put another in its place.
 * Sources: Xvnc(1), options {@code -inetd} ("wait") and {@code -displayfd}.
 */
final class SessionDisplay {
    /** By which programs find their display. Each sandbox has the first: its network and its /tmp are its own. */
    static final String VARIABLE = "DISPLAY";

    static final String NAME = ":0";

    /** TigerVNC's, as Debian's packages and as all others name it. */
    private static final List<String> PROGRAMS = List.of("Xtigervnc", "Xvnc");

    /** Which that one runs for the map of its keys. */
    private static final String KEYBOARD = "xkbcomp";

    private static final String READY = NAME.substring(1);
    private static final String SOCKET = "display";
    private static final int DEPTH = 24;

    private final RuntimeCommand runtime;
    private final SandboxFiles files;
    private final long shimPid;

    SessionDisplay(RuntimeCommand runtime, SandboxFiles files, long shimPid) {
        this.runtime = runtime;
        this.files = files;
        this.shimPid = shimPid;
    }

    /** Whether agents over the host's root find a server there. Of images it is not known before they are run. */
    static boolean isShownBy(HostRoot root) {
        return isShown(root, KEYBOARD) && PROGRAMS.stream().anyMatch(program -> isShown(root, program));
    }

    private static boolean isShown(HostRoot root, String program) {
        Optional<Program> found = Program.find(program);
        return found.isPresent()
                && root.shown().stream().anyMatch(shown -> found.get().path().startsWith(shown))
                && root.hidden().stream().noneMatch(hidden -> found.get().path().startsWith(hidden));
    }

    /** What a sandbox with that screen is remembered by. */
    static String written(Screen screen) {
        return screen.width() + "x" + screen.height();
    }

    /**
     * Starts it in a sandbox whose agent has not been started.
     *
     * @param screen as {@link #written}
     * @throws SandboxException where the agent's files have no server, or it does not get ready
     */
    void start(String screen) throws IOException, SandboxException {
        int directory = open();
        try {
            int listening = Shim.check(
                    "listen for viewers",
                    runtime.handovers().listen(path(directory).toString()));
            try {
                for (String program : PROGRAMS) {
                    if (isBegun(program, screen, listening)) {
                        return;
                    }
                }
            } finally {
                // The server's alone: once it has ended nobody connects.
                runtime.handovers().close(listening);
            }
        } finally {
            runtime.mounts().close(directory);
        }
        throw new SandboxException(
                Step.START,
                Kind.INVALID_SPEC,
                "spec.session.display: the agent's files have no program " + String.join(" or ", PROGRAMS)
                        + " in its PATH: use an image that has TigerVNC's server, or leave display out");
    }

    private boolean isBegun(String program, String screen, int listening) throws IOException, SandboxException {
        Begun begun = new Companion(runtime, files, shimPid)
                .start(
                        List.of(
                                program,
                                NAME,
                                // What is its standard input it listens at, and nowhere else.
                                "-inetd",
                                // Written once it accepts connections.
                                "-displayfd",
                                Integer.toString(Companion.STANDARD_OUTPUT),
                                "-geometry",
                                screen,
                                "-depth",
                                Integer.toString(DEPTH),
                                "-desktop",
                                "agent",
                                "-nolisten",
                                "tcp",
                                // The agent's programs may come and go without its screen being made anew.
                                "-noreset",
                                // Who gets to the socket may see it, several at once; its size is the manifest's.
                                "-SecurityTypes=None",
                                "-AlwaysShared=1",
                                "-AcceptSetDesktopSize=0",
                                // What a viewer's user has copied elsewhere is not for the agent, nor the other way
                                // round.
                                "-AcceptCutText=0",
                                "-SendCutText=0"),
                        OptionalInt.of(listening));
        return switch (begun) {
            case Begun.Missing _ -> false;
            case Begun.Said(String line) -> {
                if (!line.equals(READY)) {
                    throw Companion.notReady(
                            "spec.session.display: the session's " + program,
                            line.isBlank()
                                    ? "it says nothing; it needs " + KEYBOARD
                                            + ", X's keyboards (xkb-data), /bin/sh and a /tmp that can be written to"
                                    : line);
                }
                yield true;
            }
        };
    }

    /**
     * A connection to it.
     *
     * @param isShimAlive whether the process is still the sandbox's shim that has the number
     * @throws SandboxException where it has ended
     */
    ByteChannel connect(BooleanSupplier isShimAlive) throws IOException, SandboxException {
        try {
            int directory = open();
            try {
                // Asked once the directory is held: it is that shim's for certain.
                if (!isShimAlive.getAsBoolean()) {
                    throw ended();
                }
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                try {
                    channel.connect(UnixDomainSocketAddress.of(path(directory)));
                    return channel;
                } catch (IOException e) {
                    channel.close();
                    throw e;
                }
            } finally {
                runtime.mounts().close(directory);
            }
        } catch (ConnectException e) {
            throw ended();
        }
    }

    private static SandboxException ended() {
        return new SandboxException(
                Step.EXEC, Kind.TRANSIENT, "the agent's display has ended: it has none until its next start");
    }

    /** By descriptor: the whole path may be longer than that of a socket. */
    private int open() throws SystemCallException {
        Path bundle = SandboxFiles.through(shimPid, files.bundle());
        return Shim.check("open " + bundle, runtime.mounts().openDirectory(bundle.toString()));
    }

    private static Path path(int directory) {
        return Path.of("/proc/self/fd/" + directory, SOCKET);
    }
}
