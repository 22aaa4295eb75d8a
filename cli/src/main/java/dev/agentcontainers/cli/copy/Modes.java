package dev.agentcontainers.cli.copy;

import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** Modes of files as archives write them: nine bits, and of those above none is ever copied. Pure. */
final class Modes {
    static final int PLAIN_FILE = 0644;
    static final int PLAIN_PROGRAM = 0755;
    static final int FOLDER = 0755;

    /** Who reads. */
    static final int OWNER_READS = 0400;

    static final int OWNER_ENTERS = 0700;

    private static final int OWNER_EXECUTES = 0100;

    private Modes() {}

    /** Of a file whose mode is not kept: whether it is a program is. */
    static int plain(int mode) {
        return (mode & OWNER_EXECUTES) != 0 ? PLAIN_PROGRAM : PLAIN_FILE;
    }

    static FileAttribute<Set<PosixFilePermission>> attribute(int mode) {
        return PosixFilePermissions.asFileAttribute(permissions(mode));
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (PosixFilePermission permission : PosixFilePermission.values()) {
            if ((mode & bit(permission)) != 0) {
                permissions.add(permission);
            }
        }
        return permissions;
    }

    static int of(Set<PosixFilePermission> permissions) {
        return permissions.stream().mapToInt(Modes::bit).sum();
    }

    /** They are declared from the owner's reading to the others' executing, as the bits are. */
    private static int bit(PosixFilePermission permission) {
        return 0400 >> permission.ordinal();
    }
}
