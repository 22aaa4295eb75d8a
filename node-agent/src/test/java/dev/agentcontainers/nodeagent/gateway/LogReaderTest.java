package dev.agentcontainers.nodeagent.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.protocol.StreamRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogReaderTest {
    private static final Instant NOW = Instant.parse("2026-01-01T01:00:00Z");
    private static final String T1 = "2026-01-01T00:59:00.123456789+00:00 ";
    private static final String T2 = "2026-01-01T00:59:50Z ";

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{0} → {1}")
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "stdout F hello;|hello;",
                "stdout F ;|;",
                "stdout F;|;",
                "stdout F  two  spaces ;| two  spaces ;",
                "stdout P hel;stdout F lo;|hello;",
                "stdout P a;stderr F error;stdout F b;|error;ab;",
                "stdout P a;stderr P c;stdout F b;stderr F d;|ab;cd;",
                "stdout P unfinished;|unfinished",
                "stdout F:tag text;|text;"
            })
    void textOfLines(String written, String expected) throws Exception {
        String file = written.replaceAll("(^|;)(?=std)", "$1" + T1).replace(';', '\n');
        assertThat(read(file, null, null, false)).isEqualTo(expected.replace(';', '\n'));
    }

    @Test
    void whatIsNotOfTheFormatIsShownAsItIs() throws Exception {
        assertThat(read("a plain line\n\nstdout F\n" + T1 + "stdout X y\n", null, null, false))
                .isEqualTo("a plain line\nstdout F\n" + T1 + "stdout X y\n");
    }

    @Test
    void timestampsStandOnceBeforeEachLine() throws Exception {
        assertThat(read(T1 + "stdout P a\n" + T2 + "stdout F b\n", null, null, true))
                .isEqualTo(T1 + "ab\n");
    }

    @Test
    void onlyWhatIsYoungEnough() throws Exception {
        String file =
                T1 + "stdout F old\n" + T1 + "stdout P old too \n" + T2 + "stdout F still\n" + T2 + "stdout F new\n";
        assertThat(read(file, 30L, null, false)).isEqualTo("new\n");
        assertThat(read(file, 3600L, null, false)).isEqualTo("old\nold too still\nnew\n");
    }

    @ParameterizedTest
    @CsvSource({"0,''", "1,'d\n'", "2,'bc\nd\n'", "3,'a\nbc\nd\n'", "9,'a\nbc\nd\n'"})
    void lastLines(int lines, String expected) throws Exception {
        String file = T1 + "stdout F a\n" + T1 + "stdout P b\n" + T1 + "stdout F c\n" + T1 + "stdout F d\n";
        assertThat(read(file, null, lines, false)).isEqualTo(expected);
    }

    /** As kubectl logs --tail: so many lines and not one more. */
    @ParameterizedTest
    @CsvSource({"0,''", "1,'de'", "2,'bc\nde'", "3,'a\nbc\nde'", "9,'a\nbc\nde'"})
    void anUnfinishedLastLineIsOneOfTheLast(int lines, String expected) throws Exception {
        String file = T1 + "stdout F a\n" + T1 + "stdout P b\n" + T1 + "stdout F c\n" + T1 + "stdout P d\n" + T1
                + "stdout P e\n";
        assertThat(read(file, null, lines, false)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"1,'err\n'", "2,'err\nde'", "3,'a\nerr\nde'"})
    void anUnfinishedLineOfTheOtherStreamIsOneToo(int lines, String expected) throws Exception {
        String file = T1 + "stdout F a\n" + T1 + "stdout P d\n" + T1 + "stdout P e\n" + T1 + "stderr F err\n";
        assertThat(read(file, null, lines, false)).isEqualTo(expected);
    }

    /** The search from the end must agree with plain counting, whatever the blocks' borders are. */
    @Test
    void lastLinesOfLargeFiles() throws Exception {
        Random random = new Random(1);
        List<String> lines = new ArrayList<>();
        StringBuilder file = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            String text = "x".repeat(random.nextInt(200)) + i;
            if (random.nextInt(4) == 0) {
                file.append(T1).append("stdout P ").append(text).append('\n');
                file.append(T1).append("stdout F end\n");
                lines.add(text + "end");
            } else {
                file.append(T1).append("stdout F ").append(text).append('\n');
                lines.add(text);
            }
        }
        Path path = Files.writeString(folder.resolve("large"), file);
        for (int wanted : List.of(0, 1, 2, 700, 1500, 2999, 3000, 4000)) {
            String expected = lines.subList(Math.max(0, lines.size() - wanted), lines.size()).stream()
                    .map(line -> line + "\n")
                    .reduce("", String::concat);
            assertThat(read(path, null, wanted, false)).isEqualTo(expected);
        }
        try (FileChannel channel = FileChannel.open(path)) {
            assertThat(LogTail.start(channel, 0)).isEqualTo(channel.size());
        }
    }

    @Test
    void aFileThatIsNotThereIsEmpty() throws Exception {
        assertThat(read(folder.resolve("none"), null, null, false)).isEmpty();
    }

    @Test
    void followsThroughGrowthTruncationAndReplacement() throws Exception {
        Path file = folder.resolve("log");
        AtomicBoolean finished = new AtomicBoolean();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Thread reading = Thread.ofVirtual().start(() -> {
            try {
                new LogReader(file, request(true, null, null, false), NOW, finished::get, Duration.ofMillis(5))
                        .copyTo(out::writeBytes);
            } catch (IOException | InterruptedException e) {
                out.writeBytes(e.toString().getBytes(StandardCharsets.UTF_8));
            }
        });
        append(file, T1 + "stdout F one\n" + T1 + "stdo");
        awaitText(out, "one\n");
        append(file, "ut F two\n");
        awaitText(out, "one\ntwo\n");
        Files.writeString(file, T1 + "stdout F cut\n", StandardOpenOption.TRUNCATE_EXISTING);
        awaitText(out, "one\ntwo\ncut\n");
        append(file, T1 + "stdout F last of the old\n");
        Path next = Files.writeString(folder.resolve("next"), T1 + "stdout F new\n");
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        awaitText(out, "one\ntwo\ncut\nlast of the old\nnew\n");
        append(file, T1 + "stdout F end\n");
        finished.set(true);
        assertThat(reading.join(Duration.ofSeconds(10))).isTrue();
        awaitText(out, "one\ntwo\ncut\nlast of the old\nnew\nend\n");
    }

    @Test
    void ofALogThatIsBegunLaterNothingIsLeftOut() throws Exception {
        Path file = folder.resolve("log");
        AtomicInteger looks = new AtomicInteger();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BooleanSupplier begunBeforeTheSecondLook = () -> {
            boolean second = looks.getAndIncrement() > 0;
            if (second) {
                appendUnchecked(file, T1 + "stdout F first\n");
            }
            return second;
        };

        new LogReader(file, request(true, null, 0, false), NOW, begunBeforeTheSecondLook, Duration.ofMillis(1))
                .copyTo(out::writeBytes);

        assertThat(out).hasToString("first\n");
    }

    private static void appendUnchecked(Path file, String text) {
        try {
            append(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitText(ByteArrayOutputStream out, String expected) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(out).hasToString(expected));
    }

    private static void append(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private String read(String text, @Nullable Long since, @Nullable Integer tail, boolean timestamps)
            throws Exception {
        return read(Files.writeString(folder.resolve("log"), text), since, tail, timestamps);
    }

    private static String read(Path file, @Nullable Long since, @Nullable Integer tail, boolean timestamps)
            throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new LogReader(file, request(false, since, tail, timestamps), NOW, () -> false, Duration.ofMillis(5))
                .copyTo(out::writeBytes);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static StreamRequest.Log request(
            boolean follow, @Nullable Long since, @Nullable Integer tail, boolean timestamps) {
        return new StreamRequest.Log(follow, since, tail, timestamps);
    }
}
