package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.storage.PrivateFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;

/**
 * An image of one layer with one program, which ends at once: a trial run by it needs nothing of the host's files. Source:
 * elf(5), and the numbers of exit(2) on both architectures.
 */
final class TrialImage {
    /** Its path in the image. */
    static final String PROGRAM = "/end";

    private static final Set<PosixFilePermission> EXECUTABLE_BY_ALL = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final long ADDRESS = 0x400000;
    private static final int HEADER = 64;
    private static final int SEGMENT = 56;
    private static final short EXECUTABLE = 2;
    private static final short X86_64 = 62;
    private static final short AARCH64 = 183;
    private static final int LOAD = 1;
    private static final int READ_AND_EXECUTE = 5;

    /** mov eax, 60; xor edi, edi; syscall. */
    private static final byte[] ON_X86_64 = {(byte) 0xb8, 60, 0, 0, 0, 0x31, (byte) 0xff, 0x0f, 0x05};

    /** mov x8, 93; mov x0, 0; svc 0. */
    private static final byte[] ON_AARCH64 = {
        (byte) 0xa8, 0x0b, (byte) 0x80, (byte) 0xd2, 0, 0, (byte) 0x80, (byte) 0xd2, 1, 0, 0, (byte) 0xd4
    };

    private TrialImage() {}

    /**
     * The directory of its layer, made in {@code folder} where it is not there, and made anew where something else is: a power
     * loss may leave an empty file, and another version of this may have another program.
     */
    static Path layerIn(Path folder) throws IOException {
        PrivateFiles.makeDirectory(folder);
        Path layer = folder.resolve("layer");
        Files.createDirectories(layer);
        Files.setPosixFilePermissions(layer, EXECUTABLE_BY_ALL);
        Path program = layer.resolve(PROGRAM.substring(1));
        byte[] content = program(System.getProperty("os.arch").equals("aarch64"));
        if (!isThere(program, content)) {
            Path draft = folder.resolve("draft");
            Files.deleteIfExists(draft);
            Files.write(draft, content);
            Files.setPosixFilePermissions(draft, EXECUTABLE_BY_ALL);
            Files.move(draft, program, StandardCopyOption.ATOMIC_MOVE);
        }
        return layer;
    }

    private static boolean isThere(Path program, byte[] content) throws IOException {
        return Files.isRegularFile(program, LinkOption.NOFOLLOW_LINKS)
                && Files.size(program) == content.length
                && Arrays.equals(Files.readAllBytes(program), content)
                && Files.getPosixFilePermissions(program).equals(EXECUTABLE_BY_ALL);
    }

    private static byte[] program(boolean arm) {
        byte[] code = arm ? ON_AARCH64 : ON_X86_64;
        int size = HEADER + SEGMENT + code.length;
        ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        // 64 bits, little endian, version 1.
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort(EXECUTABLE).putShort(arm ? AARCH64 : X86_64).putInt(1);
        file.putLong(ADDRESS + HEADER + SEGMENT).putLong(HEADER).putLong(0).putInt(0);
        file.putShort((short) HEADER).putShort((short) SEGMENT).putShort((short) 1);
        file.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        file.putInt(LOAD).putInt(READ_AND_EXECUTE).putLong(0).putLong(ADDRESS).putLong(ADDRESS);
        file.putLong(size).putLong(size).putLong(0x1000);
        file.put(code);
        return file.array();
    }
}
