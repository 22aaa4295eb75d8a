package dev.agentcontainers.nodeagent.linux.rootfs;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes files of devices, which take root of the machine to make. */
public final class DeviceFiles {
    private static final int CURRENT_DIRECTORY = -100;
    private static final int CHARACTER_DEVICE_OF_ITS_OWNER = 0020000 | 0600;

    private interface C extends Library {
        int mknodat(int directory, byte[] path, int mode, NativeLong device) throws LastErrorException;
    }

    private static final C LIBC = Native.load("c", C.class);

    /** By the numbers that the kernel has given it. Source: docs.kernel.org/admin-guide/devices. */
    public enum Device {
        /** What opens a tap. */
        TUN(10, 200),

        /** What runs a virtual machine. */
        KVM(10, 232);

        private final int major;
        private final int minor;

        Device(int major, int minor) {
            this.major = major;
            this.minor = minor;
        }

        public int major() {
            return major;
        }

        public int minor() {
            return minor;
        }
    }

    /** @param owner the only one who may read and write it, by the host's user id */
    public void make(Path file, Device device, long owner) throws IOException {
        byte[] path = (file + "\0").getBytes(UTF_8);
        long number = (long) device.major << 8 | device.minor;
        try {
            LIBC.mknodat(CURRENT_DIRECTORY, path, CHARACTER_DEVICE_OF_ITS_OWNER, new NativeLong(number));
        } catch (LastErrorException e) {
            throw new SystemCallException(
                    "make the device file " + file, e.getErrorCode(), LinuxNamespaceCalls.describe(e.getErrorCode()));
        }
        Files.setAttribute(file, "unix:uid", (int) owner);
    }
}
