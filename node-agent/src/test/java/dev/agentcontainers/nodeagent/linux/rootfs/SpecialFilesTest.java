package dev.agentcontainers.nodeagent.linux.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class SpecialFilesTest {
    @TempDir
    private Path root;

    private ServerSocketChannel server;

    @BeforeEach
    void listen() throws Exception {
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(directory("vendor/run").resolve("control.sock")));
        Files.createFile(root.resolve("vendor/plain"));
        Files.createSymbolicLink(root.resolve("link"), root.resolve("vendor/run/control.sock"));
        assertThat(new ProcessBuilder("mkfifo", root.resolve("vendor/pipe").toString())
                        .start()
                        .waitFor())
                .isZero();
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private Path directory(String name) throws IOException {
        return Files.createDirectories(
                root.resolve(name), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    }

    @Test
    void socketsAndPipesAreFoundHoweverDeep() throws Exception {
        assertThat(new SpecialFiles(List.of(root.toString(), "/no/such")).found())
                .containsExactlyInAnyOrder(root + "/vendor/run/control.sock", root + "/vendor/pipe");
    }

    @Test
    void whereAgentsCanNotGoIsNotLookedAt() throws Exception {
        Files.setPosixFilePermissions(root.resolve("vendor/run"), PosixFilePermissions.fromString("rwxr-x---"));
        assertThat(SpecialFiles.below(List.of(root.toString()), new MountTable(List.of())))
                .containsExactly(root + "/vendor/pipe");
    }

    @Test
    void filesystemsThatAreNotShownAreNotLookedAt() throws Exception {
        MountTable table =
                new MountTable(List.of(new MountTable.Entry("0:50", "/", root + "/vendor", "nfs4", List.of())));
        assertThat(SpecialFiles.below(List.of(root.toString()), table)).isEmpty();
    }
}
