package dev.agentcontainers.nodeagent.log;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A line of a log in the CRI format: {@code <RFC 3339 time> <stdout|stderr> <P|F> <text>} (kubernetes/cri-api). A line
 * that is not of that form is taken as text as it is: output is never dropped.
 *
 * @param time null where the line is not of the form
 * @param partial true where the text goes on in the stream's next line
 * @param text without the end of line
 */
@SuppressWarnings("ArrayRecordComponent")
public record CriLine(@Nullable String time, Stream stream, boolean partial, byte[] text) {
    public enum Stream {
        STDOUT,
        STDERR
    }

    public static CriLine parse(byte[] line) {
        int time = indexOfSpace(line, 0);
        int stream = indexOfSpace(line, time + 1);
        if (time <= 0 || stream < 0) {
            return raw(line);
        }
        int tag = indexOfSpace(line, stream + 1);
        int tagEnd = tag < 0 ? line.length : tag;
        Optional<Stream> name = stream(ascii(line, time + 1, stream));
        String tags = ascii(line, stream + 1, tagEnd);
        boolean partial = tags.equals("P") || tags.startsWith("P:");
        boolean full = tags.equals("F") || tags.startsWith("F:");
        if (name.isEmpty() || (!partial && !full)) {
            return raw(line);
        }
        byte[] text = tag < 0 ? new byte[0] : Arrays.copyOfRange(line, tag + 1, line.length);
        return new CriLine(ascii(line, 0, time), name.get(), partial, text);
    }

    /** True where the line is at least as young as that; one without a readable time counts as young. */
    public boolean isSince(Instant oldest) {
        if (time == null) {
            return true;
        }
        try {
            return !OffsetDateTime.parse(time).toInstant().isBefore(oldest);
        } catch (DateTimeException e) {
            return true;
        }
    }

    private static CriLine raw(byte[] line) {
        return new CriLine(null, Stream.STDOUT, false, line);
    }

    private static Optional<Stream> stream(String name) {
        return switch (name) {
            case "stdout" -> Optional.of(Stream.STDOUT);
            case "stderr" -> Optional.of(Stream.STDERR);
            default -> Optional.empty();
        };
    }

    private static int indexOfSpace(byte[] line, int from) {
        for (int i = Math.max(from, 0); i < line.length; i++) {
            if (line[i] == ' ') {
                return i;
            }
        }
        return -1;
    }

    private static String ascii(byte[] line, int from, int to) {
        return new String(line, from, to - from, StandardCharsets.US_ASCII);
    }
}
