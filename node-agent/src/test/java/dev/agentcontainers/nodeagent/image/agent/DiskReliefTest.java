package dev.agentcontainers.nodeagent.image.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskReliefTest {
    @TempDir
    Path folder;

    /** Otherwise the disk is full some day. */
    @Test
    void goesOnWhateverFails() throws Exception {
        AtomicInteger times = new AtomicInteger();
        AtomicLong wanted = new AtomicLong();
        DiskRelief.Relief failing = wantedFree -> {
            wanted.set(wantedFree);
            switch (times.incrementAndGet()) {
                case 1 -> throw new IllegalStateException("a bug");
                case 2 -> throw new IOException("a disk");
                default -> {
                    return List.of();
                }
            }
        };
        try (DiskRelief _ = DiskRelief.start(failing, folder, 15, Duration.ofMillis(1))) {
            await().until(() -> times.get() > 3);
        }
        assertThat(wanted).hasValue(Files.getFileStore(folder).getTotalSpace() / 100 * 15);
    }
}
