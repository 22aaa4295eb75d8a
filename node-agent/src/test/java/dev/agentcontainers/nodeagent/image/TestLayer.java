package dev.agentcontainers.nodeagent.image;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A tar archive, made entry by entry exactly as told: hostile ones too. */
public final class TestLayer {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar;

    public TestLayer() {
        tar = new TarArchiveOutputStream(bytes, "UTF-8");
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        tar.setAddPaxHeadersForNonAsciiNames(true);
    }

    /** Long names as GNU tar writes them. */
    public TestLayer asGnu() {
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        return this;
    }

    public TestLayer directory(String name, int mode) {
        return entry(name, TarConstants.LF_DIR, new byte[0], entry -> entry.setMode(mode));
    }

    public TestLayer file(String name, String content) {
        return file(name, content, _ -> {});
    }

    public TestLayer file(String name, String content, Consumer<TarArchiveEntry> more) {
        return entry(name, TarConstants.LF_NORMAL, content.getBytes(StandardCharsets.UTF_8), more);
    }

    public TestLayer file(String name, byte[] content, int mode) {
        return entry(name, TarConstants.LF_NORMAL, content, entry -> entry.setMode(mode));
    }

    public TestLayer link(String name, String target) {
        return entry(name, TarConstants.LF_SYMLINK, new byte[0], entry -> entry.setLinkName(target));
    }

    public TestLayer hardLink(String name, String target) {
        return entry(name, TarConstants.LF_LINK, new byte[0], entry -> entry.setLinkName(target));
    }

    public TestLayer special(String name, byte type) {
        return entry(name, type, new byte[0], entry -> {
            entry.setDevMajor(1);
            entry.setDevMinor(3);
        });
    }

    public TestLayer entry(String name, byte type, byte[] content, Consumer<TarArchiveEntry> more) {
        try {
            TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
            entry.setMode(0644);
            entry.setModTime(1_600_000_000_000L);
            entry.setSize(content.length);
            more.accept(entry);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Attributes of all entries that come after. */
    public TestLayer globalAttributes(Map<String, String> attributes) {
        try {
            TarArchiveEntry entry = new TarArchiveEntry("global", TarConstants.LF_PAX_GLOBAL_EXTENDED_HEADER, true);
            attributes.forEach(entry::addPaxHeader);
            tar.putArchiveEntry(entry);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Attributes of the next entry, those too that the library would not write. */
    public TestLayer attributes(Map<String, String> attributes) {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        attributes.forEach((name, value) -> {
            String rest = " " + name + "=" + value + "\n";
            int length = rest.length() + 1;
            while (length != rest.length() + Integer.toString(length).length()) {
                length++;
            }
            records.writeBytes((length + rest).getBytes(StandardCharsets.UTF_8));
        });
        return entry("attributes", TarConstants.LF_PAX_EXTENDED_HEADER_LC, records.toByteArray(), _ -> {});
    }

    /** Has the next entry begin with a hole. */
    public TestLayer hole(int size) {
        return attributes(Map.of("GNU.sparse.size", Integer.toString(size), "GNU.sparse.map", size + ",0"));
    }

    public byte[] tar() {
        try {
            tar.finish();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static byte[] gzip(byte[] content) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compressed.toByteArray();
    }

    public static byte[] zstd(byte[] content) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(compressed)) {
            zstd.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compressed.toByteArray();
    }
}
