package dev.agentcontainers.nodeagent.linux.bpf;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.nio.charset.StandardCharsets;

/** The kernel's own. Source: bpf(2). */
public final class LinuxPacketPrograms implements PacketPrograms {
    private static final int PROG_LOAD = 5;
    private static final int TYPE_TRAFFIC_CONTROL = 3;
    private static final int INSTRUCTION_SIZE = 8;
    private static final int LONGEST_NAME = 15;
    private static final int ENOSYS = 38;

    /** Some functions of the kernel are open only to programs that are called compatible with its licence. */
    private static final String LICENCE = "Dual BSD/GPL";

    private interface C extends Library {
        NativeLong syscall(NativeLong number, int command, Pointer attributes, int size) throws LastErrorException;

        int close(int descriptor);
    }

    private static final C LIBC = Native.load("c", C.class);

    @Override
    public int load(byte[] program, String name) throws SystemCallException {
        byte[] nameBytes = name.getBytes(StandardCharsets.US_ASCII);
        if (nameBytes.length > LONGEST_NAME) {
            throw new IllegalArgumentException("program name '" + name + "' is longer than " + LONGEST_NAME);
        }
        try (Memory code = new Memory(program.length);
                Memory licence = new Memory(LICENCE.length() + 1L);
                Memory attributes = new Memory(72)) {
            code.write(0, program, 0, program.length);
            licence.setString(0, LICENCE);
            attributes.clear();
            attributes.setInt(0, TYPE_TRAFFIC_CONTROL);
            attributes.setInt(4, program.length / INSTRUCTION_SIZE);
            attributes.setPointer(8, code);
            attributes.setPointer(16, licence);
            attributes.write(48, nameBytes, 0, nameBytes.length);
            return LIBC.syscall(number(), PROG_LOAD, attributes, (int) attributes.size())
                    .intValue();
        } catch (LastErrorException e) {
            throw new SystemCallException(
                    "load the packet program " + name,
                    e.getErrorCode(),
                    LinuxNamespaceCalls.describe(e.getErrorCode()));
        }
    }

    @Override
    public void close(int descriptor) {
        LIBC.close(descriptor);
    }

    private static NativeLong number() throws SystemCallException {
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> new NativeLong(321);
            case "aarch64" -> new NativeLong(280);
            case String other ->
                throw new SystemCallException("load a packet program on " + other, ENOSYS, "not known there");
        };
    }
}
