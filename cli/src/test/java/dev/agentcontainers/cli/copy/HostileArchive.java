package dev.agentcontainers.cli.copy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A tar archive, made entry by entry exactly as told. */
final class HostileArchive {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");

    HostileArchive() {
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
    }

    HostileArchive folder(String name) {
        return entry(name, TarConstants.LF_DIR, "", entry -> entry.setMode(0755));
    }

    HostileArchive file(String name, String content) {
        return file(name, content, 0644);
    }

    HostileArchive file(String name, String content, int mode) {
        return entry(name, TarConstants.LF_NORMAL, content, entry -> entry.setMode(mode));
    }

    HostileArchive link(String name, String target) {
        return entry(name, TarConstants.LF_SYMLINK, "", entry -> entry.setLinkName(target));
    }

    HostileArchive hardLink(String name, String target) {
        return entry(name, TarConstants.LF_LINK, "", entry -> entry.setLinkName(target));
    }

    HostileArchive special(String name, byte type) {
        return entry(name, type, "", entry -> {
            entry.setDevMajor(1);
            entry.setDevMinor(3);
        });
    }

    private HostileArchive entry(String name, byte type, String content, Consumer<TarArchiveEntry> more) {
        byte[] data = content.getBytes(StandardCharsets.UTF_8);
        TarArchiveEntry entry = new TarArchiveEntry("x", type);
        entry.setSize(data.length);
        entry.setModTime(1_700_000_000_000L);
        more.accept(entry);
        // The constructor takes a slash at the beginning away.
        entry.setName(name);
        if (name.startsWith("/")) {
            entry = absolute(entry, name, type, data.length);
        }
        try {
            tar.putArchiveEntry(entry);
            tar.write(data);
            tar.closeArchiveEntry();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    private static TarArchiveEntry absolute(TarArchiveEntry like, String name, byte type, int size) {
        TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
        entry.setMode(like.getMode());
        entry.setLinkName(like.getLinkName());
        entry.setSize(size);
        return entry;
    }

    /** The whole archive. */
    byte[] tar() {
        try {
            tar.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
