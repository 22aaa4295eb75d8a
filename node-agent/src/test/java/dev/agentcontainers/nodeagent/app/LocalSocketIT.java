package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The socket of a node agent for users without root, and that a node does without it. */
@Tag("node")
class LocalSocketIT {
    private static final int SHARE = 20;

    /** A group that every Linux has. */
    private static final String GROUP = "games";

    @TempDir
    private Path folder;

    private Path path;

    @BeforeEach
    void needsRoot() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        path = folder.resolve("sockets/node.sock");
    }

    @Test
    void theGroupMayConnectFromItsOpeningToItsEnd() throws IOException {
        LocalSocket socket =
                new LocalSocket(Optional.of(path), GROUP, SHARE, ImageSettings.in(folder.resolve("images")));
        assertThat(path).doesNotExist();

        socket.open(() -> List.of("192.0.2.1"));
        try {
            PosixFileAttributes attributes = Files.readAttributes(path, PosixFileAttributes.class);
            assertThat(attributes.group().getName()).isEqualTo(GROUP);
            assertThat(PosixFilePermissions.toString(attributes.permissions())).isEqualTo("rw-rw----");
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
                assertThat(client.isConnected()).isTrue();
            }
            socket.neverAllow(List.of("192.0.2.2"));
        } finally {
            socket.close();
        }

        assertThat(path).doesNotExist();
    }

    @Test
    void thereIsNoneUnasked() {
        LocalSocket socket =
                new LocalSocket(Optional.empty(), GROUP, SHARE, ImageSettings.in(folder.resolve("images")));
        socket.open(() -> {
            throw new AssertionError("nothing is to be opened");
        });
        socket.neverAllow(List.of("192.0.2.2"));
        socket.close();
        assertThat(folder).isEmptyDirectory();
    }

    /** The fleet's agents are not to be troubled by it. */
    @Test
    void aGroupThatIsNotThereOpensNothingAndStopsNothing() {
        LocalSocket socket =
                new LocalSocket(Optional.of(path), "no-such-group", SHARE, ImageSettings.in(folder.resolve("images")));
        socket.open(List::of);
        assertThat(path).doesNotExist();
        socket.close();
    }

    /** As where the node agent is asked to end while it still starts. */
    @Test
    void afterTheEndNothingIsOpened() {
        LocalSocket socket =
                new LocalSocket(Optional.of(path), GROUP, SHARE, ImageSettings.in(folder.resolve("images")));
        socket.close();
        socket.open(List::of);
        assertThat(path).doesNotExist();
    }
}
