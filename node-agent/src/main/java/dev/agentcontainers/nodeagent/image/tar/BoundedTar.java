package dev.agentcontainers.nodeagent.image.tar;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * A tar archive of which an entry's headers may not be longer than {@link #MOST_HEADER}. Names and attributes of any length
 * may stand there (PAX, GNU), and are kept in memory by whoever reads them. For one thread.
 */
public final class BoundedTar {
    /** Bytes of all headers of one entry: PAX attributes and long names with their padding. */
    public static final int MOST_HEADER = 1 << 20;

    private final Budgeted raw;
    private final TarArchiveInputStream tar;
    private final byte[] rest = new byte[64 << 10];
    private boolean begun;

    /** @param archive not compressed; not closed by this, and never skipped nor reset */
    public BoundedTar(InputStream archive) {
        this.raw = new Budgeted(archive);
        // UTF-8 whatever the machine's locale is; what is not UTF-8 has U+FFFD in its place.
        this.tar = new TarArchiveInputStream(raw, "UTF-8");
    }

    /** The next entry, past what was not read of the one before; empty at the end. */
    public Optional<TarArchiveEntry> next() throws IOException {
        try {
            while (begun && tar.read(rest) >= 0) {
                // What nobody wants.
            }
            begun = true;
            raw.left = MOST_HEADER;
            Optional<TarArchiveEntry> entry = Optional.ofNullable(tar.getNextEntry());
            entry.ifPresent(_ -> raw.left = Long.MAX_VALUE);
            return entry;
        } catch (ImageException e) {
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(e);
        }
    }

    /** Reads of the content of the entry; -1 at its end. */
    public int read(byte[] target) throws IOException {
        try {
            return tar.read(target);
        } catch (ImageException e) {
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            throw damaged(e);
        }
    }

    private static ImageException damaged(Exception cause) {
        return new ImageException(Kind.CORRUPT, "the archive is damaged: " + cause.getMessage(), cause);
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
