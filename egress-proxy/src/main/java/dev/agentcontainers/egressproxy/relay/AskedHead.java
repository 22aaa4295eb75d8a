package dev.agentcontainers.egressproxy.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a connection to a proxy begins, read as it comes, each byte once: of a CONNECT all of the head, of a request for a whole address its
 * first line, since who judges it reads the rest. A line ends with CR LF and nothing else. For one thread.
 */
final class AskedHead {
    /** As much as a request's head may have. */
    static final int LONGEST = 24 << 10;

    /** As much as a request's line may have. */
    private static final int LONGEST_LINE = 8 << 10;

    private int looked;
    private int lineBegan;
    private boolean carriageReturn;
    private int firstEnded = -1;
    private @Nullable AskedOnward where;

    /** What it is. */
    sealed interface Result {
        /** It goes on. */
        record Incomplete() implements Result {}

        record TooLong() implements Result {}

        /** @param line the first, as far as it has come */
        record Unreadable(String line) implements Result {}

        /** The first line is readable, and the others can be read in more than one way, or in none. */
        record Unclear() implements Result {}

        /** @param length bytes that are for this process alone */
        record Whole(AskedOnward where, int length) implements Result {}
    }

    /** Where it is to go, where that is known; what follows may still be refused. */
    Optional<AskedOnward> where() {
        return Optional.ofNullable(where);
    }

    /** @param received all that has come, from the first byte on */
    Result read(ByteBuf received) {
        int end = Math.min(received.readableBytes(), LONGEST);
        while (looked < end) {
            byte each = received.getByte(looked++);
            if (carriageReturn != (each == '\n')) {
                return stray(received);
            }
            carriageReturn = each == '\r';
            if (each == '\n') {
                Optional<Result> result = line(received);
                if (result.isPresent()) {
                    return result.get();
                }
                lineBegan = looked;
            }
        }
        boolean tooLong = looked >= LONGEST || (firstEnded < 0 && looked > LONGEST_LINE);
        return tooLong ? new Result.TooLong() : new Result.Incomplete();
    }

    private Result stray(ByteBuf received) {
        return where == null ? new Result.Unreadable(text(received, 0, looked)) : new Result.Unclear();
    }

    /** At the end of one. */
    private Optional<Result> line(ByteBuf received) {
        int length = looked - 2 - lineBegan;
        AskedOnward known = where;
        if (known == null) {
            return first(received, length);
        }
        if (length > 0) {
            return Optional.empty();
        }
        String lines = text(received, firstEnded, Math.max(0, lineBegan - 2 - firstEnded));
        return Optional.of(TunnelHead.isClear(lines, known) ? new Result.Whole(known, looked) : new Result.Unclear());
    }

    private Optional<Result> first(ByteBuf received, int length) {
        if (length > LONGEST_LINE) {
            return Optional.of(new Result.TooLong());
        }
        String line = text(received, 0, length);
        Optional<AskedOnward> read = AskedOnward.read(line);
        if (read.isEmpty()) {
            return Optional.of(new Result.Unreadable(line));
        }
        where = read.get();
        firstEnded = looked;
        return read.filter(each -> !each.tunnel()).map(each -> new Result.Whole(each, 0));
    }

    private static String text(ByteBuf received, int from, int length) {
        return received.toString(from, length, StandardCharsets.ISO_8859_1);
    }
}
