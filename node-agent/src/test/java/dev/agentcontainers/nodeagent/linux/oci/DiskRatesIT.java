package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.HostDirectory;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reads from a real disk; what is asserted of time is that it is not less, so a slow machine passes too. */
@Tag("node")
@Tag("runtime")
@Tag("resources")
@Timeout(120)
class DiskRatesIT {
    private static final int SIZE = 4 << 20;
    private static final long RATE = 1 << 20;

    private Path given;
    private TestNode node;
    private boolean version2;

    @BeforeEach
    void startNode() throws Exception {
        TestNode.requireMachine();
        given = Files.createTempDirectory("agentcontainers-disk-rates");
        Files.setPosixFilePermissions(given, PosixFilePermissions.fromString("rwxr-xr-x"));
        node = TestNode.start(HostRoot.DEFAULT.giving(HostFolders.of(List.of(given.toString()))), 0);
        version2 = Hierarchies.of(MountTable.ofThisThread()).mode() == Hierarchies.Mode.VERSION_2;
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
        DeepDeletion.delete(given);
    }

    private List<String> features() {
        return ((DriverProbe.Ready) node.driver().probe()).features();
    }

    @Test
    void whatIsReadFasterWaits() throws Exception {
        assumeTrue(features().contains("disk-read-rate"), "this machine limits no reading");
        byte[] content = new byte[SIZE];
        new Random(1).nextBytes(content);
        Path file = Files.write(given.resolve("file"), content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        forget(file);
        SandboxSpec spec = TestNode.spec(
                TestNode.newId(),
                List.of(
                        "/bin/sh",
                        "-c",
                        "begun=$(date +%s%N); cat /data/file | wc -c; echo $((($(date +%s%N) - begun) / 1000000))"),
                TestNode.diskRates(OptionalLong.of(RATE), OptionalLong.empty()),
                new HostDirectory("/data", given.toString(), false));
        assertThat(node.run(spec).code()).isZero();
        List<String> lines = node.output(spec.id()).lines().toList();
        assertThat(lines.getFirst()).isEqualTo(Integer.toString(SIZE));
        // What is read of a file first may be there already.
        assertThat(Long.parseLong(lines.get(1))).as("milliseconds").isGreaterThan((SIZE / RATE - 2) * 1000);
    }

    /** Takes it from the page cache. */
    private static void forget(Path file) throws Exception {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        assertThat(new ProcessBuilder("dd", "if=" + file, "iflag=nocache", "count=0")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor())
                .isZero();
    }

    /** Through the page cache, to a folder on the node's disk and to a filesystem in a file of it. */
    @Test
    void whatIsWrittenFasterWaits() throws Exception {
        assumeTrue(version2, "version 1 limits no writing");
        assertThat(features()).contains("disk-write-rate");
        for (OptionalLong storage : List.of(OptionalLong.empty(), OptionalLong.of(32 << 20))) {
            SandboxSpec spec = TestNode.shell(
                    "begun=$(date +%s%N); dd if=/dev/zero of=/workspace/fill bs=1M count=" + SIZE / RATE
                            + " conv=fsync 2>&1 || exit 3; echo; echo $((($(date +%s%N) - begun) / 1000000))",
                    TestNode.writeRate(RATE, storage),
                    new Workspace("/workspace", true));
            assertThat(node.run(spec).code()).as(node.output(spec.id())).isZero();
            assertThat(Long.parseLong(node.output(spec.id()).lines().toList().getLast()))
                    .as("milliseconds, with storage " + storage)
                    .isGreaterThan((SIZE / RATE - 2) * 1000);
        }
    }

    @Test
    void whatCanNotBeLimitedIsRefused() {
        assumeTrue(!version2, "version 2 limits writing too");
        assertThat(features()).doesNotContain("disk-write-rate");
        SandboxSpec spec = TestNode.shell("true", TestNode.diskRates(OptionalLong.empty(), OptionalLong.of(RATE)));

        assertThatThrownBy(() -> node.driver().prepare(spec))
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(SandboxException.Kind.UNSUPPORTED))
                .hasMessageContaining("spec.resources.limits.disk-write-rate can't be enforced on this node")
                .hasMessageContaining("version 1");
    }
}
