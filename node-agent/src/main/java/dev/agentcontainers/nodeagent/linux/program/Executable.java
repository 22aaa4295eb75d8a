package dev.agentcontainers.nodeagent.linux.program;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A static executable file. Both its segments begin with the file: what is executed, and a copy of the data that can be written to,
 * in which whatever stands behind the data is zero. So the file is no larger than what is in it. Source: elf(5).
 *
 * @param machine which processors it is for
 * @param code what is executed from its first byte on
 * @param data what stands at {@link #DATA} at the start; in whole words of 8 bytes
 * @param room bytes of zeros behind the data
 */
record Executable(Machine machine, byte[] code, byte[] data, int room) {
    private static final int HEADER = 64;
    private static final int SEGMENT = 56;
    private static final int SEGMENTS = 2;
    private static final int HEADERS = HEADER + SEGMENTS * SEGMENT;

    private static final long WRITABLE = 0x1000_0000L;

    /** Where data begin in memory. */
    static final long DATA = WRITABLE + HEADERS;

    private static final long CODE = 0x40_0000L;
    private static final short EXECUTABLE = 2;
    private static final int LOAD = 1;
    private static final int READ_AND_EXECUTE = 5;
    private static final int READ_AND_WRITE = 6;

    /** The largest page that either architecture has. */
    private static final int PAGE = 0x1_0000;

    byte[] bytes() {
        int start = HEADERS + data.length;
        int end = start + code.length;
        ByteBuffer file = ByteBuffer.allocate(end).order(ByteOrder.LITTLE_ENDIAN);
        // 64 bits, little endian, version 1.
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort(EXECUTABLE).putShort(machine.elf()).putInt(1);
        file.putLong(CODE + start).putLong(HEADER).putLong(0).putInt(0);
        file.putShort((short) HEADER).putShort((short) SEGMENT).putShort((short) SEGMENTS);
        file.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        segment(file, READ_AND_EXECUTE, CODE, end, end);
        segment(file, READ_AND_WRITE, WRITABLE, start, start + room);
        return file.put(data).put(code).array();
    }

    private static void segment(ByteBuffer file, int flags, long address, long inFile, long inMemory) {
        file.putInt(LOAD).putInt(flags).putLong(0).putLong(address).putLong(address);
        file.putLong(inFile).putLong(inMemory).putLong(PAGE);
    }
}
