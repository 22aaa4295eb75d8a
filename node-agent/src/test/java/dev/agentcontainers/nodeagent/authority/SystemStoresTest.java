package dev.agentcontainers.nodeagent.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.assertj.core.api.Assumptions.assumeThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.protocol.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
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

    /** As programs do that do not make another beside and rename it. */
    @Test
    void whatIsRewrittenInPlaceIsFollowed() throws IOException {
        Path copy = copy();
        for (boolean isSettled : List.of(false, true)) {
            String content = isSettled ? "right" : "other";
            if (isSettled) {
                awaitSettled();
                copy();
                Object file = key(copy.resolve("local.pem"));
                copy();
                assertThat(key(copy.resolve("local.pem"))).as("copied once").isEqualTo(file);
            }
            Files.writeString(machines.resolve("local.pem"), content);
            Files.setPosixFilePermissions(
                    machines.resolve("closed.pem"),
                    PosixFilePermissions.fromString(isSettled ? "rw-------" : "rw-r--r--"));
            copy();
            assertThat(copy.resolve("local.pem")).hasContent(content);
            assertThat(Files.exists(copy.resolve("closed.pem"))).isEqualTo(!isSettled);
        }
        Files.setPosixFilePermissions(machines.resolve("java"), PosixFilePermissions.fromString("rwx------"));
        copy();
        assertThat(copy.resolve("java")).doesNotExist();
        Files.setPosixFilePermissions(machines.resolve("java"), PosixFilePermissions.fromString("rwxr-xr-x"));
        copy();
        assertThat(Files.isSymbolicLink(copy.resolve("java/cacerts"))).isTrue();
    }

    private void awaitSettled() {
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            Instant changed = Instant.MIN;
            try (Stream<Path> all = Files.walk(machines)) {
                for (Path each : all.toList()) {
                    Instant its =
                            ((FileTime) Files.getAttribute(each, "unix:ctime", LinkOption.NOFOLLOW_LINKS)).toInstant();
                    changed = its.isAfter(changed) ? its : changed;
                }
            }
            return changed.plusSeconds(3).isBefore(Instant.now());
        });
    }

    private static Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    @Test
    void whatBecomesOfAnotherKindIsFollowed() throws IOException {
        Path copy = copy();
        Files.delete(machines.resolve("local.pem"));
        Files.createDirectory(machines.resolve("local.pem"));
        Files.writeString(machines.resolve("local.pem/inner"), "inner");
        Files.delete(machines.resolve("java/cacerts"));
        Files.delete(machines.resolve("java"));
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Files.writeString(elsewhere.resolve("file"), "file");
        Files.createSymbolicLink(machines.resolve("java"), elsewhere);
        copy();
        assertThat(copy.resolve("local.pem/inner")).hasContent("inner");
        assertThat(Files.readSymbolicLink(copy.resolve("java"))).isEqualTo(elsewhere);

        Files.delete(machines.resolve("local.pem/inner"));
        Files.delete(machines.resolve("local.pem"));
        Files.writeString(machines.resolve("local.pem"), "local");
        Files.delete(machines.resolve("java"));
        Files.createDirectory(machines.resolve("java"));
        copy();
        assertThat(names(copy.resolve("java"))).isEmpty();
        assertThat(elsewhere.resolve("file")).as("behind the link").hasContent("file");
        assertThat(copy.resolve("local.pem")).hasContent("local");
    }

    @Test
    void whatComesAndGoesMeanwhileFailsNothing() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            Future<?> changing = other.submit(() -> {
                while (!done.get()) {
                    Files.createDirectory(machines.resolve("folder"));
                    Files.writeString(machines.resolve("folder/file"), "file");
                    Files.writeString(machines.resolve("another.pem"), "another");
                    Files.createSymbolicLink(machines.resolve("link.pem"), Path.of("another.pem"));
                    Files.delete(machines.resolve("another.pem"));
                    Files.delete(machines.resolve("link.pem"));
                    Files.delete(machines.resolve("folder/file"));
                    Files.delete(machines.resolve("folder"));
                }
                return null;
            });
            for (int time = 0; time < 300; time++) {
                assertThat(copy().resolve("local.pem")).exists();
            }
            done.set(true);
            changing.get();
        } finally {
            done.set(true);
            other.shutdown();
        }
        assertThat(names(copy())).containsExactly("ca-certificates.crt", "f1d42c89.0", "java", "local.pem", "root.pem");
    }

    @Test
    void whatCannotBeReadFailsNothing() throws IOException {
        Path unreadable = Path.of("/proc/self/attr");
        assumeThat(unreadable).as("the kernel's files of security modules").isDirectory();
        assumeThatThrownBy(() -> Files.readAllBytes(unreadable.resolve("prev")))
                .as("which can't be read where there is none")
                .isInstanceOf(IOException.class);

        Path copy = Path.of(new SystemStores(folder.resolve("copies"), Map.of("/etc/ssl/certs", unreadable))
                .shown()
                .get("/etc/ssl/certs"));
        assertThat(names(copy)).doesNotContain("prev");
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
