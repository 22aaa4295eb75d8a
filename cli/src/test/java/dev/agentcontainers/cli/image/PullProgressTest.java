package dev.agentcontainers.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.nodeagent.image.Digest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PullProgressTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MIB = 1 << 20;
    private static final Digest FIRST = Digest.of(new byte[] {1});
    private static final Digest SECOND_LAYER = Digest.of(new byte[] {2});

    private final AtomicLong now = new AtomicLong();
    private final StringWriter out = new StringWriter();
    private final PullProgress progress = new PullProgress(new PrintWriter(out), false, now::get);

    @Test
    void countsWhatIsReceivedAndNotWhatWasHere() {
        progress.received(FIRST, 4 * MIB, 10 * MIB);
        now.addAndGet(SECOND);
        progress.received(FIRST, 6 * MIB, 10 * MIB);
        assertThat(progress.line()).isEqualTo("0 layers unpacked, 6.0 MiB of 10.0 MiB, 2.0 MiB/s");

        progress.received(FIRST, 10 * MIB, 10 * MIB);
        progress.unpacked(FIRST);
        progress.received(SECOND_LAYER, 0, MIB);
        now.addAndGet(SECOND);
        assertThat(progress.line()).isEqualTo("1 layer unpacked, 10.0 MiB of 11.0 MiB, 3.0 MiB/s");
        assertThat(progress.summary()).isEqualTo("1 layer, 6.0 MiB received in 2.0 s");

        progress.received(SECOND_LAYER, MIB, MIB);
        assertThat(progress.line()).isEqualTo("1 layer unpacked, 11.0 MiB of 11.0 MiB");
    }

    @Test
    void theRateIsThatOfTheLastSeconds() {
        progress.received(FIRST, 0, 100 * MIB);
        for (int second = 1; second <= 10; second++) {
            now.addAndGet(SECOND);
            progress.received(FIRST, second < 5 ? second * 10 * MIB : 40 * MIB, 100 * MIB);
            progress.line();
        }
        assertThat(progress.line()).endsWith(", 0 B/s");
    }

    @Test
    void contentThatIsBegunAnewWasNotHereBefore() {
        progress.received(FIRST, 8 * MIB, 10 * MIB);
        progress.received(FIRST, 0, 10 * MIB);
        progress.received(FIRST, 10 * MIB, 10 * MIB);
        assertThat(progress.summary()).isEqualTo("0 layers, 10.0 MiB received in 0.0 s");
    }

    @Test
    void saysNothingWhereNobodyLooks() {
        progress.received(FIRST, MIB, MIB);
        progress.close();
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void takesItsLineAwayAtTheEnd() {
        PullProgress watched = new PullProgress(new PrintWriter(out), true, now::get);
        watched.close();
        assertThat(out.toString()).isEqualTo("\r\033[K");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1.0 KiB",
        "50438144, 48.1 MiB",
        "34359738368, 32.0 GiB",
        "9223372036854775807, 8.0 EiB"
    })
    void bytesForPeople(long bytes, String text) {
        assertThat(ByteCount.text(bytes)).isEqualTo(text);
    }
}
