package dev.agentcontainers.nodeagent.linux.tap;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** By /dev/net/tun. Sources: docs.kernel.org/networking/tuntap, include/uapi/linux/if_tun.h. */
final class LinuxTapCalls implements TapCalls {
    private static final String DEVICE = "/dev/net/tun";
    private static final int O_RDWR_CLOEXEC = 2 | 0x80000;
    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETPERSIST = 0x400454cbL;
    private static final long TUNSETOWNER = 0x400454ccL;

    /** Whole frames (IFF_TAP), each after a header that says what is still to be done to it (IFF_VNET_HDR), and nothing else. */
    private static final short FLAGS = 0x0002 | 0x4000 | 0x1000;

    /** struct ifreq. */
    private static final int REQUEST_SIZE = 40;

    private static final int NAME_SIZE = 16;

    private interface C extends Library {
        int open(String path, int flags) throws LastErrorException;

        int close(int descriptor);

        int ioctl(int descriptor, NativeLong request, byte[] argument) throws LastErrorException;

        int ioctl(int descriptor, NativeLong request, NativeLong argument) throws LastErrorException;
    }

    private static final C LIBC = Native.load("c", C.class);

    @Override
    public void create(String name, long owner) throws SystemCallException {
        byte[] bytes = name.getBytes(US_ASCII);
        if (bytes.length >= NAME_SIZE) {
            throw new IllegalArgumentException("interface name '" + name + "' is longer than " + (NAME_SIZE - 1));
        }
        byte[] request = ByteBuffer.allocate(REQUEST_SIZE)
                .order(ByteOrder.nativeOrder())
                .put(bytes)
                .putShort(NAME_SIZE, FLAGS)
                .array();
        try {
            int device = LIBC.open(DEVICE, O_RDWR_CLOEXEC);
            try {
                LIBC.ioctl(device, new NativeLong(TUNSETIFF), request);
                LIBC.ioctl(device, new NativeLong(TUNSETOWNER), new NativeLong(owner));
                LIBC.ioctl(device, new NativeLong(TUNSETPERSIST), new NativeLong(1));
            } finally {
                LIBC.close(device);
            }
        } catch (LastErrorException e) {
            throw new SystemCallException(
                    "make the interface " + name + " by " + DEVICE,
                    e.getErrorCode(),
                    LinuxNamespaceCalls.describe(e.getErrorCode()));
        }
    }
}
