package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.log.CriLine;
import dev.agentcontainers.protocol.StreamRequest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;

/**
 * Puts the parts of lines together, standard output and error apart, and writes what a user asked for. A line longer
 * than {@value #LONGEST} bytes is passed on in pieces.
 */
final class LineJoiner {
    private static final int LONGEST = 256 * 1024;

    private final StreamRequest.Log request;
    private final Instant oldest;
    private final ByteArrayOutputStream out;
    private final Map<CriLine.Stream, Pending> pending = new EnumMap<>(CriLine.Stream.class);

    /** @param out where text goes; the caller empties it */
    LineJoiner(StreamRequest.Log request, Instant now, ByteArrayOutputStream out) {
        this.request = request;
        this.oldest = request.sinceSeconds() == null ? Instant.MIN : now.minusSeconds(request.sinceSeconds());
        this.out = out;
    }

    private static final class Pending {
        private final ByteArrayOutputStream text = new ByteArrayOutputStream();
        private boolean wanted;
    }

    void add(CriLine line) {
        Pending before = pending.get(line.stream());
        Pending current = before == null ? begin(line) : before;
        if (current.wanted) {
            current.text.writeBytes(line.text());
        }
        if (!line.partial()) {
            if (current.wanted) {
                current.text.write('\n');
                out.writeBytes(current.text.toByteArray());
            }
            pending.remove(line.stream());
        } else if (current.text.size() > LONGEST) {
            out.writeBytes(current.text.toByteArray());
            current.text.reset();
        }
    }

    /** Writes what has come of unfinished lines: nothing follows. */
    void finish() {
        pending.values().forEach(unfinished -> out.writeBytes(unfinished.text.toByteArray()));
        pending.clear();
    }

    private Pending begin(CriLine line) {
        Pending begun = new Pending();
        begun.wanted = line.isSince(oldest);
        if (begun.wanted && request.timestamps() && line.time() != null) {
            begun.text.writeBytes((line.time() + " ").getBytes(StandardCharsets.US_ASCII));
        }
        pending.put(line.stream(), begun);
        return begun;
    }
}
