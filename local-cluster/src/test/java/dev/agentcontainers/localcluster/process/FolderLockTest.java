package dev.agentcontainers.localcluster.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void choose() {
        file = folder.resolve("below/lock");
    }

    @Test
    void oneHoldsItAtATime() {
        try (FolderLock held = FolderLock.acquire(file, () -> {})) {
            assertThat(held).isNotNull();
            assertThat(FolderLock.tryAcquire(file)).isEmpty();
        }
        FolderLock.tryAcquire(file).orElseThrow().close();
    }

    @Test
    void deletingItsFileLeavesNothingAndTheNextTakesANewOne() {
        try (FolderLock held = FolderLock.acquire(file, () -> {})) {
            held.deleteFile();
            assertThat(file).doesNotExist();
            assertThat(FolderLock.tryAcquire(file)).isEmpty();
        }
        try (FolderLock next = FolderLock.acquire(file, () -> {})) {
            assertThat(next).isNotNull();
            assertThat(file).isEmptyFile();
        }
    }

    /** Who waits has the old file open: what it holds then must not count. */
    @Test
    void whoHasTheDeletedFileOpenCanTell() throws Exception {
        try (FolderLock held = FolderLock.acquire(file, () -> {})) {
            try (FileChannel waiting = FileChannel.open(file, StandardOpenOption.WRITE)) {
                held.deleteFile();
                assertThat(waiting.size()).isPositive();
            }
        }
        assertThat(Files.exists(file)).isFalse();
    }
}
