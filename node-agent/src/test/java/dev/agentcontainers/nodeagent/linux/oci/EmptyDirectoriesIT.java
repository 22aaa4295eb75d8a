package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.linux.storage.LoopDevices;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.DiskDirectory;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.MemoryDirectory;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Directories that are empty at first, filled by real agents beyond whatever they may hold. */
@Tag("node")
@Tag("runtime")
@Timeout(120)
class EmptyDirectoriesIT {
    private static final long MIB = 1 << 20;
    private static final ResolvedMount DISK = new DiskDirectory("/disk", OptionalLong.empty());
    private static final ResolvedMount PART = new DiskDirectory("/part", OptionalLong.of(20 * MIB));
    private static final ResolvedMount MEMORY = new MemoryDirectory("/memory", 4 * MIB);
    private static final ResolvedMount WORKSPACE = new Workspace("/workspace", true);
    private static final ResolvedMount[] ALL = {DISK, PART, MEMORY, WORKSPACE};

    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start();
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
    }

    private static SandboxSpec again(SandboxSpec spec, String script) {
        return TestNode.spec(
                spec.id(),
                List.of("/bin/sh", "-c", script),
                spec.limits(),
                spec.mounts().toArray(ResolvedMount[]::new));
    }

    @Test
    void eachIsEmptyAtFirstAndSeparateFromTheOthers() throws Exception {
        String script = "for place in /disk /part /memory /workspace; do ls $place | grep -v lost+found;"
                + " echo $place > $place/file && cat $place/file; done";
        assertThat(node.outputOf(TestNode.shell(script, TestNode.storage(64 * MIB), ALL)))
                .isEqualTo("/disk\n/part\n/memory\n/workspace");
    }

    @Test
    void onTheDiskTheyAreKeptOverRestartsAndInMemoryTheyBeginAnew() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "for place in /disk /part /memory; do echo kept > $place/file; done", TestNode.storage(64 * MIB), ALL);
        assertThat(node.run(spec).code()).isZero();
        node.driver().remove(spec.id());
        assertThat(node.run(again(spec, "cat /disk/file /part/file; ls /memory; echo end"))
                        .code())
                .isZero();
        assertThat(node.output(spec.id())).endsWith("kept\nkept\nend");
    }

    @Test
    void whatFillsOneDirectoryTakesNothingFromTheOthers() throws Exception {
        SandboxSpec spec = TestNode.shell("""
                dd if=/dev/zero of=/part/fill bs=1M count=100 2>&1 | grep -o 'No space left on device'
                dd if=/dev/zero of=/memory/fill bs=1M count=100 2>&1 | grep -o 'No space left on device'
                dd if=/dev/zero of=/workspace/fill bs=1M count=25 2>/dev/null && echo fits
                dd if=/dev/zero of=/disk/fill bs=1M count=100 2>&1 | grep -o 'No space left on device'
                du -sm /part /disk /workspace | cut -f1
                """, TestNode.storage(64 * MIB), ALL);
        List<String> lines = node.outputOf(spec).lines().toList();
        assertThat(lines.subList(0, 4))
                .containsExactly(
                        "No space left on device", "No space left on device", "fits", "No space left on device");
        assertThat(lines.subList(4, 7).stream().mapToLong(Long::parseLong).sum())
                .isBetween(40L, 64L);
    }

    /** Without a limit of its own kernel memory would be filled by names alone. */
    @Test
    void namesInMemoryAreLimitedToo() throws Exception {
        SandboxSpec spec = TestNode.spec(TestNode.newId(), List.of("python3", "-c", """
                        import errno, os
                        count = 0
                        try:
                            while True:
                                os.close(os.open(f"/memory/{count}", os.O_CREAT | os.O_WRONLY))
                                count += 1
                        except OSError as e:
                            print(errno.errorcode[e.errno], count <= 1024)
                        """), ResourceAmounts.NONE, MEMORY);
        assertThat(node.outputOf(spec)).isEqualTo("ENOSPC True");
    }

    @Test
    void filesInMemoryCountAsTheAgentsMemory() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "dd if=/dev/zero of=/memory/fill bs=1M count=500 2>&1 | tail -1; exit 3",
                TestNode.limits(1000, 64 * MIB, 50),
                new MemoryDirectory("/memory", 1024 * MIB));
        ExitStatus exit = node.run(spec);
        // A virtual machine falls as a whole, and is said to have.
        assertThat(exit.code()).isIn(exit.outOfMemory() ? List.of(3, 137, 125) : List.of(3, 137));
        assertThat(node.output(spec.id())).doesNotContain("524288000");
    }

    @Test
    @Tag("host-kernel")
    void inMemoryNoMoreIsPromisedThanTheAgentsMemory() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "df -m --output=size /memory | tail -1",
                TestNode.limits(1000, 64 * MIB, 50),
                new MemoryDirectory("/memory", 1024 * MIB));
        assertThat(node.outputOf(spec).strip()).isEqualTo("64");
    }

    @Test
    @Tag("host-kernel")
    void areMountedWithoutSetUserIdsAndDevices() throws Exception {
        SandboxSpec spec =
                TestNode.spec(TestNode.newId(), List.of("python3", "-c", """
                        mounts = [line.split() for line in open("/proc/mounts")]
                        for place in ("/disk", "/part", "/memory"):
                            options = [mount[3].split(",") for mount in mounts if mount[1] == place][-1]
                            print(place, "rw" in options, "nosuid" in options, "nodev" in options)
                        """), TestNode.storage(64 * MIB), ALL);
        assertThat(node.outputOf(spec)).isEqualTo("/disk True True True\n/part True True True\n/memory True True True");
    }

    @Test
    void aLinkThatTheAgentMadeIsNotFollowedByAMount() throws Exception {
        SandboxSpec spec = TestNode.shell("ln -s /etc /disk/in", TestNode.storage(64 * MIB), DISK);
        assertThat(node.run(spec).code()).isZero();
        node.driver().remove(spec.id());
        SandboxSpec nested = TestNode.spec(
                spec.id(), List.of("true"), spec.limits(), DISK, new DiskDirectory("/disk/in", OptionalLong.empty()));
        node.driver().prepare(nested);
        assertThatThrownBy(() -> node.driver().create(nested)).hasMessageContaining("/disk/in");
    }

    @Test
    void oneInsideAnotherIsSeenAndHasItsOwnLimit() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "echo inner > /disk/in/file; dd if=/dev/zero of=/disk/in/fill bs=1M count=30 2>&1 | grep -o 'No space'",
                TestNode.storage(64 * MIB),
                DISK,
                new DiskDirectory("/disk/in", OptionalLong.of(20 * MIB)));
        assertThat(node.outputOf(spec)).isEqualTo("No space");
    }

    @Test
    void nothingOfThemIsLeft() throws Exception {
        SandboxSpec spec = TestNode.shell("echo x > /part/x", TestNode.storage(64 * MIB), ALL);
        node.run(spec);
        Path directory = new SandboxFiles(node.settings(), spec.id()).directory();
        List<Path> images = images(directory);
        assertThat(images).hasSize(2);
        node.driver().remove(spec.id());
        for (Path image : images) {
            await().until(() -> !LoopDevices.ofThisMachine().isInUse(image));
        }
        node.driver().purge(spec.id());
        assertThat(directory).doesNotExist();
    }

    private static final String ALL_KINDS = """
            import os, socket
            os.mkdir("/workspace/folder", 0o750)
            with open("/workspace/folder/file", "w") as file: file.write("kept")
            os.chmod("/workspace/folder/file", 0o2640)
            os.utime("/workspace/folder/file", (1000, 1000))
            os.link("/workspace/folder/file", "/workspace/same")
            os.symlink("/etc/shadow", "/workspace/shadow")
            open("/part/part", "w").close()
            socket.socket(socket.AF_UNIX).bind("/part/socket")
            with open("/disk/big", "wb") as file: file.write(os.urandom(12 << 20))
            """;
    private static final String LOOK = """
            import os
            def look(path):
                found = os.lstat(path)
                print(path, oct(found.st_mode), found.st_uid, found.st_gid, found.st_size, int(found.st_mtime) == 1000)
            look("/workspace"); look("/workspace/folder"); look("/workspace/folder/file"); look("/disk/big")
            print(os.readlink("/workspace/shadow"), [name for name in os.listdir("/part") if name != "socket"], open("/workspace/same").read())
            print(os.lstat("/workspace/same").st_ino == os.lstat("/workspace/folder/file").st_ino)
            """;

    private static SandboxSpec python(SandboxSpec spec, String script) {
        return TestNode.spec(
                spec.id(),
                List.of("python3", "-c", script),
                spec.limits(),
                spec.mounts().toArray(ResolvedMount[]::new));
    }

    /** Into one that has never run, with other ids and another division of its disk; then once more, without room beside it. */
    @Test
    void aSnapshotOfThemHasAnotherAgentBeginWithThem() throws Exception {
        SandboxSpec first = python(TestNode.shell("", TestNode.storage(64 * MIB), ALL), ALL_KINDS);
        assertThat(node.run(first).code()).as(node.output(first.id())).isZero();
        node.driver().remove(first.id());
        KeptFiles files = node.driver().keptFiles().orElseThrow();
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        KeptFiles.Contents saved =
                files.save(first, new KeptFiles.Origin("team/first", Optional.empty(), Instant.now()), archive);
        // gVisor keeps sockets to itself.
        assertThat(saved.leftOut()).isIn(Map.of(), Map.of(KeptFiles.LeftOut.SOCKET, 1L));

        SandboxSpec second = TestNode.shell(
                "", TestNode.storage(40 * MIB), DISK, new DiskDirectory("/part", OptionalLong.empty()), WORKSPACE);
        assertThat(files.restore(second, new ByteArrayInputStream(archive.toByteArray()))
                        .files())
                .isEqualTo(saved.files());
        assertThat(node.run(python(second, LOOK)).code())
                .as(node.output(second.id()))
                .isZero();
        assertThat(node.run(python(first, LOOK)).code()).isZero();
        assertThat(node.output(second.id()))
                .isEqualTo(node.output(first.id()))
                .contains("/workspace/folder/file 0o102640 0 0 4 True", "/etc/shadow ['part'] kept");

        node.driver().remove(second.id());
        assertThat(node.run(again(
                                second, "dd if=/dev/zero of=/disk/more bs=1M count=12 2>&1; echo new > /workspace/new"))
                        .code())
                .isZero();
        node.driver().remove(second.id());
        assertThatThrownBy(() -> files.restore(second, new ByteArrayInputStream(archive.toByteArray())))
                .hasMessageContaining("has no room for the snapshot")
                .hasMessageContaining("the agent's files are as they were");
        assertThat(node.run(again(second, "cat /workspace/new; ls /disk; df -m --output=avail /disk | tail -1"))
                        .code())
                .isZero();
        assertThat(node.output(second.id())).containsPattern("new\nbig\nmore\n +([89]|1\\d)$");
        node.driver().remove(first.id());
        node.driver().remove(second.id());
    }

    /** Once all of it has come, whoever resumes the agent waits: its files are all of the snapshot's. */
    @Test
    void aSnapshotThatIsBeingDecidedIsNotInterrupted() throws Exception {
        KeptFiles files = node.driver().keptFiles().orElseThrow();
        SandboxSpec first = TestNode.shell("echo new > /workspace/file; echo new > /disk/file", DISK, WORKSPACE);
        assertThat(node.run(first).code()).isZero();
        node.driver().remove(first.id());
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        files.save(first, new KeptFiles.Origin("team/first", Optional.empty(), Instant.now()), archive);
        SandboxSpec second = TestNode.shell("cat /workspace/file /disk/file", DISK, WORKSPACE);

        Thread worker = Thread.currentThread();
        AtomicBoolean done = new AtomicBoolean();
        Thread interrupter = Thread.ofPlatform().unstarted(() -> {
            while (!done.get()) {
                worker.interrupt();
                Thread.onSpinWait();
            }
        });
        InputStream whole = new ByteArrayInputStream(archive.toByteArray()) {
            @Override
            public int read() {
                int one = super.read();
                interruptAtTheEnd();
                return one;
            }

            /** The last byte is of the sum over all of it, and asked for behind all files. */
            @Override
            public int read(byte[] target, int offset, int length) {
                int count = super.read(target, offset, Math.min(length, Math.max(1, available() - 1)));
                interruptAtTheEnd();
                return count;
            }

            private void interruptAtTheEnd() {
                if (available() == 0 && interrupter.getState() == Thread.State.NEW) {
                    interrupter.start();
                }
            }
        };
        try {
            files.restore(second, whole);
        } finally {
            done.set(true);
            while (interrupter.isAlive()) {
                Thread.onSpinWait();
            }
            Thread.interrupted();
        }
        assertThat(interrupter.getState()).as("it was interrupted").isEqualTo(Thread.State.TERMINATED);
        assertThat(node.outputOf(second)).isEqualTo("new\nnew");
        node.driver().purge(first.id());
    }

    @Test
    void theLimitOfAPartIsReservedAtOnce() throws Exception {
        SandboxSpec spec = TestNode.shell("true", TestNode.storage(64 * MIB), ALL);
        node.run(spec);
        for (Path image : images(new SandboxFiles(node.settings(), spec.id()).directory())) {
            assertThat(TestNode.bytesOnDisk(image))
                    .isGreaterThanOrEqualTo(image.toString().contains("part") ? 20 * MIB : 44 * MIB);
        }
    }

    @Test
    void theLimitOfAnAgentCantChangeWhileItRuns() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000", TestNode.storage(64 * MIB), ALL);
        node.begin(spec);
        node.driver().update(spec);
        assertThatThrownBy(() ->
                        node.driver().update(TestNode.spec(spec.id(), spec.command(), TestNode.storage(70 * MIB), ALL)))
                .hasMessageContaining("spec.resources.limits.ephemeral-storage");
    }

    private static List<Path> images(Path directory) throws Exception {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".img")).toList();
        }
    }
}
