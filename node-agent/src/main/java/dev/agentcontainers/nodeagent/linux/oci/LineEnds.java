package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.BlockStream;
import java.io.IOException;
import java.io.InputStream;

/** Has a carriage return before each line feed, as a terminal's output has, and no second one where there is one. */
final class LineEnds extends BlockStream {
    private final InputStream lines;
    private boolean returned;
    private boolean feedHeld;

    LineEnds(InputStream lines) {
        this.lines = lines;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (feedHeld) {
            feedHeld = false;
            returned = false;
            target[offset] = '\n';
            return 1;
        }
        // Each byte may become two.
        byte[] read = new byte[Math.max(length / 2, 1)];
        int count = lines.read(read, 0, read.length);
        if (count < 0) {
            return count;
        }
        int written = 0;
        for (int i = 0; i < count; i++) {
            if (read[i] == '\n' && !returned) {
                target[offset + written++] = '\r';
                if (written == length) {
                    feedHeld = true;
                    return written;
                }
            }
            target[offset + written++] = read[i];
            returned = read[i] == '\r';
        }
        return written;
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
