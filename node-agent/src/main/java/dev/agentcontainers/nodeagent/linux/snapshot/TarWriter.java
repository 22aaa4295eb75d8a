package dev.agentcontainers.nodeagent.linux.snapshot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Writes entries of an archive with pax headers of its own (POSIX.1-2001): Commons Compress takes time with the square of a name's
 * length, and agents choose their names. For one thread.
 */
final class TarWriter {
    private static final int RECORD = 10 << 10;
    private static final int LONGEST_PLAIN = 99;

    private final TarArchiveOutputStream tar;
    private long entries;

    /** @param out left open */
    TarWriter(OutputStream out) {
        this.tar = new TarArchiveOutputStream(out, RECORD, StandardCharsets.UTF_8.name());
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
    }

    /**
     * What an entry says of a file.
     *
     * @param mode permissions with set-user-id, set-group-id and sticky bits
     */
    record Header(String name, byte type, long user, long group, int mode, Instant modified) {}

    /** Begins a file with so many bytes. */
    void begin(Header header, long size) throws IOException {
        put(header, "", size);
    }

    void write(byte[] content, int count) throws IOException {
        tar.write(content, 0, count);
    }

    void end() throws IOException {
        tar.closeArchiveEntry();
    }

    /** Something without content. */
    void empty(Header header) throws IOException {
        link(header, "");
    }

    /** @param target where a symbolic link leads, or the name of a file that is in the archive */
    void link(Header header, String target) throws IOException {
        put(header, target, 0);
        tar.closeArchiveEntry();
    }

    private void put(Header header, String target, long size) throws IOException {
        entries++;
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        String name = plain(records, "path", header.name());
        String link = plain(records, "linkpath", target);
        if (header.modified().getNano() != 0) {
            record(
                    records,
                    "mtime",
                    "%d.%09d"
                            .formatted(
                                    header.modified().getEpochSecond(),
                                    header.modified().getNano()));
        }
        if (size > TarConstants.MAXSIZE) {
            record(records, "size", Long.toString(size));
        }
        if (records.size() > 0) {
            TarArchiveEntry more = entry("PaxHeaders/" + entries, TarConstants.LF_PAX_EXTENDED_HEADER_LC);
            more.setSize(records.size());
            tar.putArchiveEntry(more);
            tar.write(records.toByteArray());
            tar.closeArchiveEntry();
        }
        TarArchiveEntry entry = entry(name, header.type());
        entry.setLinkName(link);
        entry.setUserId(header.user());
        entry.setGroupId(header.group());
        entry.setMode(header.mode());
        entry.setLastModifiedTime(
                FileTime.from(Instant.ofEpochSecond(header.modified().getEpochSecond())));
        entry.setSize(size);
        tar.putArchiveEntry(entry);
    }

    /** What stands in the plain header, and in the records the whole where that is not the same. */
    private String plain(ByteArrayOutputStream records, String attribute, String text) {
        if (text.length() <= LONGEST_PLAIN
                && StandardCharsets.US_ASCII.newEncoder().canEncode(text)) {
            return text;
        }
        record(records, attribute, text);
        return "entry-" + entries + (text.endsWith("/") ? "/" : "");
    }

    /** "%d %s=%s\n": the length, which counts itself, the attribute and its value. */
    private static void record(ByteArrayOutputStream records, String attribute, String value) {
        byte[] rest = (" " + attribute + "=" + value + "\n").getBytes(StandardCharsets.UTF_8);
        int length = rest.length + 1;
        while (length != rest.length + Integer.toString(length).length()) {
            length++;
        }
        records.writeBytes(Integer.toString(length).getBytes(StandardCharsets.US_ASCII));
        records.writeBytes(rest);
    }

    private static TarArchiveEntry entry(String name, byte type) {
        TarArchiveEntry entry = new TarArchiveEntry(name, type);
        // Not who runs this process.
        entry.setUserName("");
        entry.setGroupName("");
        return entry;
    }

    void finish() throws IOException {
        tar.finish();
    }
}
