package dev.agentcontainers.nodeagent.image.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class UnpackedBytesTest {
    private final AtomicInteger looks = new AtomicInteger();
    private final UnpackedBytes bytes = new UnpackedBytes(100L << 20, looks::incrementAndGet);

    @Test
    void looksForRoomFromTimeToTime() throws IOException {
        for (int i = 0; i < 1024; i++) {
            bytes.content(64 << 10);
        }
        assertThat(looks).hasValue(16);
        for (int i = 0; i < 1000; i++) {
            bytes.file();
        }
        assertThat(looks).hasValue(20);
    }

    @Test
    void whatFilesHaveOfHolesCountsForTheWholeImage() throws IOException {
        bytes.content(60L << 20);
        assertThatThrownBy(() -> bytes.content(41L << 20)).hasMessageContaining("more than 104857600 bytes unpacked");
    }

    @Test
    void archivesAndTheirContentDoNotAddUp() throws IOException {
        byte[] archive = new byte[60 << 20];
        assertThat(bytes.counted(new ByteArrayInputStream(archive)).readAllBytes())
                .hasSize(archive.length);
        bytes.content(archive.length);
    }
}
