package dev.agentcontainers.nodeagent.linux.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.LoopDevices.Writing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real ext4 images, which need no privilege until they are mounted. */
class WorkspaceStoreTest {
    private static final long MIB = 1 << 20;

    @TempDir
    private Path state;

    private final RecordingLoopDevices loopDevices = new RecordingLoopDevices();
    private final Ext4Images images = new Ext4Images(loopDevices);
    private WorkspaceTemplates templates;
    private Path directory;
    private WorkspaceStore store;

    @BeforeEach
    void makeStore() throws IOException {
        assumeTrue(Program.find("mkfs.ext4").isPresent(), "needs mkfs.ext4");
        templates = new WorkspaceTemplates(state.resolve("templates"), images);
        directory = Files.createDirectory(state.resolve("sandbox"));
        store = new WorkspaceStore(directory, loopDevices, images, templates);
    }

    @AfterEach
    void removeTemplates() throws IOException {
        if (templates != null) {
            templates.remove();
            assertThat(state.resolve("templates")).doesNotExist();
        }
    }

    private static Optional<StorageLimit> asked(long bytes) {
        return Optional.of(new StorageLimit(bytes, true));
    }

    private static Optional<StorageLimit> unasked(long bytes) {
        return Optional.of(new StorageLimit(bytes, false));
    }

    private Path image() {
        return directory.resolve("workspace.img");
    }

    private void fill(long bytes) throws Exception {
        Path content = Files.writeString(state.resolve("content"), "x".repeat((int) bytes));
        debugfs("write " + content + " kept");
    }

    private String kept() throws Exception {
        return Program.find("debugfs")
                .orElseThrow()
                .run(Duration.ofSeconds(60), List.of("-R", "stat kept", image().toString()))
                .output();
    }

    private void assertSound() throws Exception {
        Program.Result check = Program.find("e2fsck")
                .orElseThrow()
                .run(Duration.ofSeconds(60), List.of("-f", "-n", image().toString()));
        assertThat(check.code()).as(check.output()).isZero();
    }

    @Test
    void withoutALimitItIsAPlainDirectory() throws Exception {
        store.prepare(Optional.empty());
        assertThat(store.limit()).isEmpty();
        assertThat(store.open(state, false, Writing.CACHED)).isEqualTo(directory.resolve("workspace"));
        assertThat(loopDevices.calls).isEmpty();
    }

    @Test
    void aLimitThatIsAskedForIsReserved() throws Exception {
        store.prepare(asked(20 * MIB));
        assertThat(store.limit()).isEqualTo(OptionalLong.of(20 * MIB));
        assertThat(store.open(state.resolve("target"), true, Writing.DIRECT)).isEqualTo(state.resolve("target"));
        assertThat(loopDevices.calls)
                .containsExactly("reserve workspace.draft " + 20 * MIB, "mount workspace.img target direct");
        assertSound();
    }

    @Test
    void aLimitThatIsNotAskedForIsNotReserved() throws Exception {
        store.prepare(unasked(20 * MIB));
        store.open(state.resolve("target"), false, Writing.CACHED);
        assertThat(loopDevices.calls).containsExactly("mount workspace.img target discard");
    }

    /** As statfs(2) says it of a mounted one, without a mount; one that is mounted has its newest numbers in the kernel. */
    @Test
    void whatIsTakenIsToldOnceItIsUnmountedCleanly() throws Exception {
        assertThat(store.used()).isEmpty();
        store.prepare(asked(32 * MIB));
        long empty = store.used().orElseThrow();
        assertThat(empty).isLessThan(MIB);
        fill(8 * MIB);
        assertThat(store.used().orElseThrow()).isBetween(empty + 8 * MIB, empty + 8 * MIB + MIB / 2);

        debugfs("feature needs_recovery");
        assertThat(store.used()).as("as while it is mounted").isEmpty();
        debugfs("feature -needs_recovery");
        assertThat(store.used()).isNotEmpty();
        debugfs("ssv state 2");
        assertThat(store.used()).as("with errors").isEmpty();
        Files.write(image(), new byte[4096], StandardOpenOption.WRITE);
        assertThat(store.used()).as("without a filesystem").isEmpty();
    }

    private void debugfs(String request) throws Exception {
        Program.Result result = Program.find("debugfs")
                .orElseThrow()
                .run(Duration.ofSeconds(60), List.of("-w", "-R", request, image().toString()));
        assertThat(result.code()).as(result.output()).isZero();
    }

    @Test
    void everythingIsForRootOnlyWhateverTheUmask() throws Exception {
        store.prepare(asked(20 * MIB));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image())))
                .isEqualTo("rw-------");
        for (Path made : List.of(directory.resolve("workspace"), state.resolve("templates"))) {
            await().until(() -> Files.exists(made));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void aDiskThatCanNotReserveItRefusesAndLeavesNothing() {
        loopDevices.reserveAnswer = -28;
        assertThatThrownBy(() -> store.prepare(asked(20 * MIB))).hasMessageContaining("reserve 20971520 bytes");
        assertThat(image()).doesNotExist();
        assertThat(directory.resolve("workspace.draft")).doesNotExist();
    }

    @Test
    void moreThanTheDiskHasLeftIsNotEvenTried() throws Exception {
        long tooMuch = Files.getFileStore(directory).getUsableSpace() + (1L << 30);
        assertThatThrownBy(() -> store.prepare(asked(tooMuch))).hasMessageContaining("bytes left");
        assertThatThrownBy(() -> store.prepare(unasked(tooMuch))).hasMessageContaining("bytes left");
        assertThat(loopDevices.calls).isEmpty();
    }

    @Test
    void aLargerLimitEnlargesWhatIsThere() throws Exception {
        store.prepare(asked(20 * MIB));
        fill(MIB);
        store.prepare(asked(64 * MIB + 5));
        assertThat(store.limit()).isEqualTo(OptionalLong.of(64 * MIB + 5));
        assertThat(Ext4Images.size(image())).isEqualTo(64 * MIB);
        assertThat(kept()).contains("Size: " + MIB);
        assertThat(loopDevices.calls).endsWith("reserve workspace.img " + (64 * MIB + 5));
        assertSound();
    }

    @Test
    void aSmallerLimitIsEnforcedWhereTheContentFits() throws Exception {
        store.prepare(asked(64 * MIB));
        fill(MIB);
        store.prepare(asked(20 * MIB));
        assertThat(Files.size(image())).isEqualTo(20 * MIB);
        assertThat(kept()).contains("Size: " + MIB);
        assertSound();
    }

    @Test
    void aSmallerLimitIsRefusedWhereTheContentDoesNotFit() throws Exception {
        store.prepare(asked(64 * MIB));
        fill(40 * MIB);
        assertThatThrownBy(() -> store.prepare(asked(20 * MIB)))
                .isInstanceOf(StorageRefusedException.class)
                .hasMessageContaining("can't be lowered from 67108864 to 20971520 bytes");
        assertThat(store.limit()).isEqualTo(OptionalLong.of(64 * MIB));
        assertSound();
    }

    @Test
    void anEnlargingThatWasInterruptedIsFinished() throws Exception {
        store.prepare(asked(20 * MIB));
        // As after a crash between the two: the file is larger, the filesystem in it is not.
        try (var file = new java.io.RandomAccessFile(image().toFile(), "rw")) {
            file.setLength(64 * MIB);
        }
        store.prepare(asked(64 * MIB));
        assertThat(Ext4Images.size(image())).isEqualTo(64 * MIB);
        assertSound();
    }

    @Test
    void aLimitCanNotHideWorkspacesThatHadNone() throws Exception {
        store.prepare(Optional.empty());
        Files.createDirectory(directory.resolve("workspace/work"));
        assertThatThrownBy(() -> store.prepare(asked(20 * MIB)))
                .isInstanceOf(StorageRefusedException.class)
                .hasMessageContaining("exist already without a limit");
        assertThat(image()).doesNotExist();
        store.prepare(unasked(20 * MIB));
        assertThat(image()).doesNotExist();
    }

    @Test
    void aLimitThatNobodyAsksForChangesNothingThatExists() throws Exception {
        store.prepare(asked(20 * MIB));
        store.prepare(unasked(64 * MIB));
        store.prepare(Optional.empty());
        assertThat(store.limit()).isEqualTo(OptionalLong.of(20 * MIB));
    }

    @Test
    void whatIsStillMountedIsWaitedFor() throws Exception {
        store.prepare(asked(20 * MIB));
        loopDevices.timesInUse = 3;
        store.prepare(asked(20 * MIB));
        assertThat(loopDevices.timesInUse).isNegative();
    }

    @Test
    void aWorkspaceOfASizeThatWasAskedForBeforeIsACopy() throws Exception {
        store.prepare(asked(20 * MIB));
        await().until(() -> templates.has(20 * MIB));
        String formatted = uuid(image());
        store.delete();
        store.prepare(asked(20 * MIB));
        assertThat(uuid(image()))
                .as("each formatting gives another one")
                .isNotEqualTo(formatted)
                .isEqualTo(uuid(state.resolve("templates/" + 20 * MIB + ".img")));
        assertThat(allocatedBytes(image())).isLessThan(3 * MIB);
        assertSound();
    }

    @Test
    void onlyTheSizesThatWereAskedForLastAreKeptReady() throws Exception {
        templates.expect(16 * MIB);
        await().until(() -> templates.has(16 * MIB));
        for (int size = 17; size < 25; size++) {
            templates.expect(size * MIB);
        }
        for (int size = 17; size < 25; size++) {
            long bytes = size * MIB;
            await().until(() -> templates.has(bytes));
        }
        assertThat(templates.has(16 * MIB)).isFalse();
    }

    @Test
    void aTemplateThatIsGoneWhenItIsCopiedIsNotMissed() throws Exception {
        store.prepare(asked(20 * MIB));
        await().until(() -> templates.has(20 * MIB));
        store.delete();
        loopDevices.copyAnswer = -2;
        store.prepare(asked(20 * MIB));
        assertSound();
    }

    @Test
    void processesThatShareTheTemplatesDoNotDisturbEachOther() throws Exception {
        WorkspaceTemplates others = new WorkspaceTemplates(state.resolve("templates"), images);
        for (int round = 0; round < 5; round++) {
            long bytes = (30 + round) * MIB;
            templates.expect(bytes);
            others.expect(bytes);
            await().until(() -> templates.has(bytes));
            store.prepare(asked(bytes));
            assertSound();
            store.delete();
        }
        others.remove();
    }

    private static String uuid(Path image) throws Exception {
        return Program.find("dumpe2fs")
                .orElseThrow()
                .run(Duration.ofSeconds(60), List.of("-h", image.toString()))
                .output()
                .lines()
                .filter(line -> line.startsWith("Filesystem UUID:"))
                .findFirst()
                .orElseThrow();
    }

    private static long allocatedBytes(Path file) throws Exception {
        Program.Result result =
                Program.find("stat").orElseThrow().run(Duration.ofSeconds(60), List.of("-c", "%b", file.toString()));
        return 512 * Long.parseLong(result.output().strip());
    }

    @Test
    void itIsDeletedWithEverything() throws Exception {
        store.prepare(asked(20 * MIB));
        store.delete();
        assertThat(directory).isEmptyDirectory();
    }

    /** Else two of them would be one image, mounted twice. */
    @Test
    void longPathsOfOneHashCodeHaveNamesOfTheirOwn() {
        String first = "/" + "a".repeat(201) + "Aa";
        String second = "/" + "a".repeat(201) + "BB";
        assertThat(first.hashCode()).isEqualTo(second.hashCode());
        assertThat(WorkspaceStore.nameFor(first))
                .isNotEqualTo(WorkspaceStore.nameFor(second))
                .hasSizeLessThan(255);
        assertThat(WorkspaceStore.nameFor("/work space/a")).isEqualTo("work+space%2Fa");
    }
}
