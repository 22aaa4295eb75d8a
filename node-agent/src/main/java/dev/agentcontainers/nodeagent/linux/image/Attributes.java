package dev.agentcontainers.nodeagent.linux.image;

import dev.agentcontainers.nodeagent.image.ImageException;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;

/**
 * What a file has beside its content. Extended attributes are left out: none may give capabilities, and none may say
 * anything to an overlay filesystem that the layer's whiteouts don't.
 *
 * @param mode permissions with set-user-id, set-group-id and sticky bits
 */
public record Attributes(int user, int group, int mode, Instant modified) {
    /** Agents have so many ids. */
    private static final int IDS = 65_536;

    private static final int MODE = 07777;
    private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

    /** Of directories that a layer has things in and does not speak of. */
    static final Attributes IMPLIED = new Attributes(0, 0, 0755, Instant.EPOCH);

    public static Attributes of(TarArchiveEntry entry, EntryName name) throws ImageException {
        return new Attributes(
                id(entry.getLongUserId(), "user", name),
                id(entry.getLongGroupId(), "group", name),
                entry.getMode() & MODE,
                time(entry.getLastModifiedTime()));
    }

    private static int id(long id, String kind, EntryName name) throws ImageException {
        if (id < 0 || id >= IDS) {
            throw EntryName.unusable(
                    name.toString(), "belongs to the " + kind + " " + id + "; agents have the ids 0 to " + (IDS - 1));
        }
        return (int) id;
    }

    private static Instant time(FileTime given) {
        Instant time = given.toInstant();
        return time.isBefore(Instant.EPOCH) ? Instant.EPOCH : time.isAfter(LATEST) ? LATEST : time;
    }
}
