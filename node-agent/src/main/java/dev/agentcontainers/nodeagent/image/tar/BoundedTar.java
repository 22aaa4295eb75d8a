package dev.agentcontainers.nodeagent.image.tar;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.tar.TarUtils;
import org.jspecify.annotations.Nullable;

/**
 * A tar archive of which an entry's headers may not be longer than {@link #MOST_HEADER}, and those for all entries together
 * than {@link #MOST_GLOBAL}. Names and attributes of any length may stand there (PAX, GNU), and are kept in memory by whoever
 * reads them. Ends with an {@link InterruptedIOException} where its thread is interrupted. For one thread.
 */
public final class BoundedTar {
    /** Bytes of all headers of one entry: PAX attributes and long names with their padding. */
    public static final int MOST_HEADER = 1 << 20;

    /** Bytes of an archive's headers that are for every further entry (PAX, type g): with each they are gone through again. */
    public static final int MOST_GLOBAL = 64 << 10;

    /** Within one read Commons Compress calls itself for each piece of a sparse file, of which each byte may be one. */
    private static final int SPARSE_READ = 1 << 10;

    private final Budgeted raw;
    private final Records tar;
    private final byte[] rest = new byte[64 << 10];
    private Optional<TarArchiveEntry> current = Optional.empty();

    /** @param archive not compressed; not closed by this, and never skipped nor reset */
    public BoundedTar(InputStream archive) {
        this.raw = new Budgeted(archive);
        this.tar = new Records(raw);
    }

    /**
     * The next entry, past what was not read of the one before; empty at the end. Holes are not passed over: of a few bytes
     * they can be as long as if there were no end.
     */
    public Optional<TarArchiveEntry> next() throws IOException {
        while (current.isPresent() && read(rest) >= 0) {
            if (isSparse()) {
                throw new ImageException(
                        Kind.UNUSABLE, "the archive has a sparse file in an entry that can have no content");
            }
        }
        try {
            raw.left = MOST_HEADER;
            current = Optional.ofNullable(tar.getNextEntry());
            current.ifPresent(_ -> raw.left = Long.MAX_VALUE);
            return current;
        } catch (ImageException | InterruptedIOException e) {
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(e);
        }
    }

    /** Whether the archive's end was seen, rather than only that nothing more came. */
    public boolean isComplete() {
        return tar.endSeen;
    }

    private boolean isSparse() {
        return current.filter(TarArchiveEntry::isSparse).isPresent();
    }

    /** Reads of the content of the entry; -1 at its end. */
    public int read(byte[] target) throws IOException {
        if (!isSparse()) {
            return read(target, 0, target.length);
        }
        int filled = 0;
        while (filled < target.length) {
            int count = read(target, filled, Math.min(SPARSE_READ, target.length - filled));
            if (count < 0) {
                return filled == 0 ? -1 : filled;
            }
            filled += count;
        }
        return filled;
    }

    private int read(byte[] target, int offset, int length) throws IOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("an archive is not read on: its thread was interrupted");
        }
        try {
            return tar.read(target, offset, length);
        } catch (ImageException | InterruptedIOException e) {
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(e);
        }
    }

    private static ImageException damaged(Exception cause) {
        return new ImageException(Kind.CORRUPT, "the archive is damaged: " + cause.getMessage(), cause);
    }

    /** Sees the headers of which Commons Compress tells nothing. */
    private static final class Records extends TarArchiveInputStream {
        // ustar, POSIX.1-2017, pax: where a header has its size and its type.
        private static final int SIZE = 124;
        private static final int SIZE_LENGTH = 12;
        private static final int TYPE = 156;

        private long left = MOST_GLOBAL;
        private boolean endSeen;

        Records(InputStream archive) {
            // UTF-8 whatever the machine's locale is; what is not UTF-8 has U+FFFD in its place.
            super(archive, "UTF-8");
        }

        @Override
        protected byte @Nullable [] readRecord() throws IOException {
            byte[] header = super.readRecord();
            endSeen |= header != null && isEOFRecord(header);
            if (header != null && header[TYPE] == TarConstants.LF_PAX_GLOBAL_EXTENDED_HEADER) {
                left -= Math.max(0, TarUtils.parseOctalOrBinary(header, SIZE, SIZE_LENGTH));
                if (left < 0) {
                    throw new ImageException(
                            Kind.UNUSABLE,
                            "the archive has headers for all of its entries of more than " + MOST_GLOBAL + " bytes");
                }
            }
            return header;
        }
    }

    private static final class Budgeted extends FilterInputStream {
        private long left = Long.MAX_VALUE;

        Budgeted(InputStream archive) {
            super(archive);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = super.read(target, offset, length);
            if (count > 0) {
                left -= count;
                if (left < 0) {
                    throw new ImageException(
                            Kind.UNUSABLE,
                            "the archive has an entry with headers of more than " + MOST_HEADER + " bytes");
                }
            }
            return count;
        }

        /** Whoever counts what is read below would miss it. */
        @Override
        public long skip(long count) throws IOException {
            return Math.max(0, read(new byte[(int) Math.min(count, 64 << 10)]));
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
