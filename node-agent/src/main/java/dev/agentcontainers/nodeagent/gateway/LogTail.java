package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.log.CriLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.EnumSet;
import java.util.Set;

/** Finds where the last lines of a log begin, reading from its end. */
final class LogTail {
    private static final int BLOCK = 64 * 1024;
    /** Time, stream and tag fit well into this. */
    private static final int HEADER = 128;

    private LogTail() {}

    /**
     * Position at which the last {@code lines} lines begin, parts of a line counted as one; 0 where there are not that
     * many. A stream's last line that is not finished is one of them.
     */
    static long start(FileChannel file, int lines) throws IOException {
        Set<CriLine.Stream> seen = EnumSet.noneOf(CriLine.Stream.class);
        long end = file.size();
        long lineEnd = end;
        int found = 0;
        for (long blockEnd = end; blockEnd > 0; ) {
            long blockStart = Math.max(0, blockEnd - BLOCK);
            byte[] block = read(file, blockStart, (int) (blockEnd - blockStart));
            for (int i = block.length - 1; i >= 0; i--) {
                long position = blockStart + i;
                if (block[i] == '\n' && position + 1 < lineEnd) {
                    if (isLastPart(file, position + 1, lineEnd, seen) && ++found > lines) {
                        return lineEnd;
                    }
                    lineEnd = position + 1;
                } else if (block[i] == '\n' && lineEnd == end) {
                    // The file's last end of line: its line begins further up.
                    lineEnd = position + 1;
                }
            }
            blockEnd = blockStart;
        }
        return isLastPart(file, 0, lineEnd, seen) && ++found > lines ? lineEnd : 0;
    }

    /** @param seen streams of which there is something further down */
    private static boolean isLastPart(FileChannel file, long start, long end, Set<CriLine.Stream> seen)
            throws IOException {
        if (end <= start) {
            return false;
        }
        CriLine line = CriLine.parse(read(file, start, (int) Math.min(HEADER, end - start)));
        boolean last = seen.add(line.stream());
        return last || !line.partial();
    }

    private static byte[] read(FileChannel file, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining()) {
            int count = file.read(buffer, position + buffer.position());
            if (count < 0) {
                break;
            }
        }
        return java.util.Arrays.copyOf(buffer.array(), buffer.position());
    }
}
