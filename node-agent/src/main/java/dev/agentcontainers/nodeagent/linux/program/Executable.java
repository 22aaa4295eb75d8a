package dev.agentcontainers.nodeagent.linux.program;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A static executable file of a segment of code and, where there is any, one of data. Source: elf(5).
 *
 * @param machine which processors it is for
 * @param code what is executed from its first byte on
 * @param data what stands at {@link #DATA} at the start
 * @param room bytes of zeros behind the data
 */
record Executable(Machine machine, byte[] code, byte[] data, int room) {
    /** Where data begin in memory. */
    static final long DATA = 0x1000_0000L;

    private static final long CODE = 0x40_0000L;
    private static final int HEADER = 64;
    private static final int SEGMENT = 56;
    private static final short EXECUTABLE = 2;
    private static final int LOAD = 1;
    private static final int READ_AND_EXECUTE = 5;
    private static final int READ_AND_WRITE = 6;

    /** The largest page that either architecture has. */
    private static final int PAGE = 0x1_0000;

    byte[] bytes() {
        boolean withData = data.length + room > 0;
        int segments = withData ? 2 : 1;
        int start = HEADER + segments * SEGMENT;
        int end = start + code.length;
        int dataOffset = (end + PAGE - 1) / PAGE * PAGE;
        ByteBuffer file =
                ByteBuffer.allocate(withData ? dataOffset + data.length : end).order(ByteOrder.LITTLE_ENDIAN);
        // 64 bits, little endian, version 1.
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        file.putShort(EXECUTABLE).putShort(machine.elf()).putInt(1);
        file.putLong(CODE + start).putLong(HEADER).putLong(0).putInt(0);
        file.putShort((short) HEADER).putShort((short) SEGMENT).putShort((short) segments);
        file.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        segment(file, READ_AND_EXECUTE, 0, CODE, end, end);
        if (withData) {
            segment(file, READ_AND_WRITE, dataOffset, DATA, data.length, data.length + room);
        }
        file.put(code);
        if (withData) {
            file.position(dataOffset).put(data);
        }
        return file.array();
    }

    private static void segment(ByteBuffer file, int flags, long offset, long address, long inFile, long inMemory) {
        file.putInt(LOAD).putInt(flags).putLong(offset).putLong(address).putLong(address);
        file.putLong(inFile).putLong(inMemory).putLong(PAGE);
    }
}
