package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFollowerTest {
    private static final String TIME = "2026-11-25T10:00:00.000000000+00:00 ";

    /** Keeps what it is given. */
    private static final class Keeping implements RunObserver {
        private final Map<Stream, ByteArrayOutputStream> text = new EnumMap<>(Stream.class);
        private boolean refusing;

        @Override
        public synchronized void output(Stream stream, byte[] data) throws IOException {
            if (refusing) {
                throw new IOException("broken pipe");
            }
            text.computeIfAbsent(stream, each -> new ByteArrayOutputStream()).writeBytes(data);
        }

        synchronized String text(Stream stream) {
            ByteArrayOutputStream all = text.get(stream);
            return all == null ? "" : all.toString(StandardCharsets.UTF_8);
        }

        @Override
        public void progress(String text) {}

        @Override
        public void warning(String text) {
            throw new AssertionError(text);
        }
    }

    private final Keeping observer = new Keeping();
    private final AtomicInteger refusals = new AtomicInteger();

    @TempDir
    private Path folder;

    @Test
    void passesUnfinishedLinesOnAndKeepsStreamsApart() throws IOException {
        Path log = folder.resolve("log");
        try (OutputFollower follower = OutputFollower.start(log, observer, refusals::incrementAndGet)) {
            write(log, TIME + "stdout P Name? ");
            await().until(() -> observer.text(RunObserver.Stream.OUTPUT).equals("Name? "));
            write(log, TIME + "stderr F oops\n".strip());
            write(log, TIME + "stdout F done");
        }

        assertThat(observer.text(RunObserver.Stream.OUTPUT)).isEqualTo("Name? done\n");
        assertThat(observer.text(RunObserver.Stream.ERROR_OUTPUT)).isEqualTo("oops\n");
    }

    @Test
    void readsAReplacedFileToItsEndAndThenTheNewOne() throws IOException {
        Path log = folder.resolve("log");
        write(log, TIME + "stdout F one");
        try (OutputFollower follower = OutputFollower.start(log, observer, refusals::incrementAndGet)) {
            await().until(() -> observer.text(RunObserver.Stream.OUTPUT).equals("one\n"));
            Path beside = folder.resolve("log.new");
            write(beside, TIME + "stdout F three");
            write(log, TIME + "stdout F two");
            Files.move(beside, log, StandardCopyOption.ATOMIC_MOVE);
        }

        assertThat(observer.text(RunObserver.Stream.OUTPUT)).isEqualTo("one\ntwo\nthree\n");
    }

    @Test
    void readsWhatWasWrittenAfterTheFileWasRemoved() throws IOException {
        Path log = folder.resolve("log");
        write(log, TIME + "stdout F one");
        try (OutputFollower follower = OutputFollower.start(log, observer, refusals::incrementAndGet)) {
            await().until(() -> observer.text(RunObserver.Stream.OUTPUT).equals("one\n"));
            write(log, TIME + "stdout F two");
            Files.delete(log);
        }

        assertThat(observer.text(RunObserver.Stream.OUTPUT)).isEqualTo("one\ntwo\n");
    }

    @Test
    void saysOnceThatNobodyTakesTheOutput() throws IOException {
        Path log = folder.resolve("log");
        observer.refusing = true;
        write(log, TIME + "stdout F one");
        try (OutputFollower follower = OutputFollower.start(log, observer, refusals::incrementAndGet)) {
            await().until(() -> refusals.get() == 1);
            write(log, TIME + "stdout F two");
        }

        assertThat(refusals).hasValue(1);
    }

    @Test
    void readsAFileThatWasCutShortFromItsStart() throws IOException {
        Path log = folder.resolve("log");
        write(log, TIME + "stdout F something long");
        try (OutputFollower follower = OutputFollower.start(log, observer, refusals::incrementAndGet)) {
            await().until(() -> observer.text(RunObserver.Stream.OUTPUT).equals("something long\n"));
            Files.writeString(log, TIME + "stdout F cut\n", StandardOpenOption.TRUNCATE_EXISTING);
        }

        assertThat(observer.text(RunObserver.Stream.OUTPUT)).isEqualTo("something long\ncut\n");
    }

    @Test
    void aLastLineThatTheShimCouldNotEndIsNotLost() throws IOException {
        Path log = folder.resolve("log");
        Files.writeString(log, TIME + "stdout F one\n" + TIME + "stdout P tw");

        OutputFollower.start(log, observer, refusals::incrementAndGet).close();

        assertThat(observer.text(RunObserver.Stream.OUTPUT)).isEqualTo("one\ntw");
    }

    @Test
    void endsWhereThereNeverWasAnyOutput() {
        OutputFollower.start(folder.resolve("log"), observer, refusals::incrementAndGet)
                .close();

        assertThat(observer.text(RunObserver.Stream.OUTPUT)).isEmpty();
    }

    private static void write(Path file, String line) throws IOException {
        Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
