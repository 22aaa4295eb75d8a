package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.nodeagent.linux.process.BlockStream;
import dev.agentcontainers.nodeagent.linux.process.Descriptor;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a runtime says itself while its program has a terminal: a line or two where it can't begin it. They come by a pipe and
 * are shown after what the terminal shows, with the ends of line that a terminal has.
 */
final class RuntimeMessages {
    private final DescriptorCalls calls;
    private final Descriptor ours;
    private final int theirs;
    private volatile String added = "";

    private RuntimeMessages(DescriptorCalls calls, Descriptor ours, int theirs) {
        this.calls = calls;
        this.ours = ours;
        this.theirs = theirs;
    }

    static RuntimeMessages open(RuntimeCommand command) throws IOException {
        int[] ends = new int[2];
        Shim.check("make a pipe", command.descriptors().pipe(ends));
        return new RuntimeMessages(command.descriptors(), command.own(ends[0]), ends[1]);
    }

    /** The runtime's end. */
    int theirs() {
        return theirs;
    }

    void closeTheirs() {
        calls.close(theirs);
    }

    /** One more, which is not the runtime's own. */
    void add(String message) {
        added = message + "\n";
    }

    /** @param end of the runtime */
    InputStream after(InputStream terminal, CompletableFuture<?> end) {
        return new After(terminal, end);
    }

    private final class After extends BlockStream {
        private final InputStream terminal;
        private final CompletableFuture<?> end;
        private @Nullable InputStream messages;

        After(InputStream terminal, CompletableFuture<?> end) {
            this.terminal = terminal;
            this.end = end;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (messages == null) {
                int count = terminal.read(target, offset, length);
                if (count >= 0) {
                    return count;
                }
                String text = new String(ours.pipedUntil(end).readAllBytes(), UTF_8) + added;
                messages = new LineEnds(new ByteArrayInputStream(text.getBytes(UTF_8)));
            }
            return messages.read(target, offset, length);
        }

        @Override
        public void close() throws IOException {
            terminal.close();
            ours.close();
        }
    }

    void close() {
        ours.close();
    }
}
