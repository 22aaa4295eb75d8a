package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is kept for a terminal, in which order it comes, and who waits how long. */
@Timeout(60)
class KeyboardTest {
    private final Keyboard keyboard = new Keyboard();
    private final ByteArrayOutputStream terminal = new ByteArrayOutputStream();

    /** What it ends with: nothing, or an error's message. */
    private CompletableFuture<String> typing(byte[] bytes) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        keyboard.write(bytes);
                        return "";
                    } catch (IOException e) {
                        return String.valueOf(e.getMessage());
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    private static byte[] counted(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i / 251);
        }
        return bytes;
    }

    @Test
    void whatIsTypedEarlyComesFirst() throws Exception {
        keyboard.write('a');
        keyboard.write("xbcx".getBytes(UTF_8), 1, 2);
        keyboard.plug(terminal);
        keyboard.write('d');
        assertThat(terminal.toString(UTF_8)).isEqualTo("abcd");
    }

    /** While the terminal takes what came before it. */
    @Test
    void whatIsTypedWhileTheKeptIsWrittenComesAfterIt() throws Exception {
        keyboard.write('a');
        keyboard.plug(new OutputStream() {
            private boolean first = true;

            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] source, int offset, int length) throws IOException {
                if (first) {
                    first = false;
                    keyboard.write('b');
                }
                terminal.write(source, offset, length);
            }
        });
        assertThat(terminal.toString(UTF_8)).isEqualTo("ab");
    }

    @Test
    void moreThanIsKeptWaitsForTheTerminal() throws Exception {
        byte[] much = counted(3 * Keyboard.MOST_KEPT + 7);
        keyboard.write(much, 0, Keyboard.MOST_KEPT);
        CompletableFuture<String> rest = typing(Arrays.copyOfRange(much, Keyboard.MOST_KEPT, much.length));
        await().during(Duration.ofMillis(300)).until(() -> !rest.isDone());
        keyboard.plug(terminal);
        assertThat(rest.get()).isEmpty();
        assertThat(terminal.toByteArray()).isEqualTo(much);
    }

    @Test
    void whoeverWaitsIsToldThatNoneComes() throws Exception {
        CompletableFuture<String> much = typing(new byte[Keyboard.MOST_KEPT + 1]);
        await().during(Duration.ofMillis(300)).until(() -> !much.isDone());
        keyboard.unplug();
        assertThat(much.get()).isEqualTo("the program has no terminal");
        assertThatThrownBy(() -> keyboard.write('a')).hasMessage("the program has no terminal");
    }

    @Test
    void aTerminalThatTakesNothingKeepsNobodyWaiting() throws Exception {
        keyboard.write(new byte[Keyboard.MOST_KEPT]);
        CompletableFuture<String> more = typing(new byte[Keyboard.MOST_KEPT + 1]);
        assertThatThrownBy(() -> keyboard.plug(new OutputStream() {
                    @Override
                    public void write(int value) throws IOException {
                        throw new IOException("gone");
                    }
                }))
                .hasMessage("gone");
        assertThat(more.get()).isEqualTo("the program has no terminal");
    }

    @Test
    void aTerminalThatIsThereGetsAllAtOnce() throws Exception {
        Keyboard there = Keyboard.of(terminal);
        there.write("now".getBytes(UTF_8));
        assertThat(terminal.toString(UTF_8)).isEqualTo("now");
        there.close();
        there.write('.');
        assertThat(terminal.toString(UTF_8)).isEqualTo("now.");
    }
}
