package dev.agentcontainers.nodeagent.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemStoresTest {
    @TempDir
    private Path folder;

    private Path machines;
    private SystemStores stores;

    @BeforeEach
    void prepare() throws IOException {
        machines = Files.createDirectories(folder.resolve("etc/ssl/certs"));
        Files.writeString(machines.resolve("ca-certificates.crt"), "bundle");
        Files.writeString(machines.resolve("local.pem"), "local");
        Files.createSymbolicLink(machines.resolve("root.pem"), Path.of("/usr/share/ca-certificates/root.crt"));
        Path closed = Files.writeString(machines.resolve("closed.pem"), "closed");
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rw-------"));
        Files.createDirectory(machines.resolve("java"));
        Files.writeString(machines.resolve("java/cacerts"), "store");
        stores = new SystemStores(folder.resolve("copies"), Map.of("/etc/ssl/certs", machines));
    }

    private Path copy() throws IOException {
        return Path.of(stores.shown().get("/etc/ssl/certs"));
    }

    @Test
    void whatHoldsAllRootsIsTheAgentsOwn() throws IOException {
        Path copy = copy();

        assertThat(names(copy)).containsExactly("ca-certificates.crt", "f1d42c89.0", "java", "local.pem", "root.pem");
        assertThat(Files.readSymbolicLink(copy.resolve("ca-certificates.crt")))
                .hasToString("/etc/agentcontainers/trust/bundle.crt");
        assertThat(Files.readSymbolicLink(copy.resolve("java/cacerts")))
                .hasToString("/etc/agentcontainers/trust/cacerts");
        assertThat(Files.readSymbolicLink(copy.resolve("f1d42c89.0")))
                .hasToString("/etc/agentcontainers/trust/authority.crt");
        assertThat(Files.readSymbolicLink(copy.resolve("root.pem"))).hasToString("/usr/share/ca-certificates/root.crt");
        assertThat(copy.resolve("local.pem")).hasContent("local");
        for (Path directory : List.of(copy, copy.resolve("java"))) {
            assertThat(Files.getPosixFilePermissions(directory))
                    .isEqualTo(PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Test
    void theCopiesFollowTheMachines() throws IOException {
        Path copy = copy();
        Files.delete(machines.resolve("root.pem"));
        Files.delete(machines.resolve("local.pem"));
        Files.writeString(machines.resolve("local.pem"), "another");
        Files.writeString(machines.resolve("java/more.pem"), "more");

        assertThat(copy()).isEqualTo(copy);
        assertThat(names(copy)).containsExactly("ca-certificates.crt", "f1d42c89.0", "java", "local.pem");
        assertThat(copy.resolve("local.pem")).hasContent("another");
        assertThat(copy.resolve("java/more.pem")).hasContent("more");
        stores.remove();
        assertThat(copy).doesNotExist();
    }

    @Test
    void aLinkInPlaceOfTheFolderIsLeftToLeadWhereItDoes() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), machines);
        assertThat(new SystemStores(folder.resolve("copies"), Map.of("/etc/ssl/certs", link)).shown())
                .isEmpty();
    }

    @Test
    void theLinkHasTheDigestByWhichOpenSslLooks() throws Exception {
        Path openssl = Path.of("/usr/bin/openssl");
        assumeThat(openssl).exists();
        Path certificate = Files.writeString(
                folder.resolve("authority.crt"),
                Pem.encode(AgentAuthority.create(Clock.systemUTC()).certificate()));
        Process process = new ProcessBuilder(
                        openssl.toString(), "x509", "-in", certificate.toString(), "-noout", "-subject_hash")
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                .isEqualTo(SystemStores.HASH_LINK.replace(".0", "\n"));
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }
}
