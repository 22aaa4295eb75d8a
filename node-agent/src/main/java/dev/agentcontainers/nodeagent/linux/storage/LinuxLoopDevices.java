package dev.agentcontainers.nodeagent.linux.storage;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** By /dev/loop-control and LOOP_CONFIGURE (Linux 5.8), see loop(4). */
final class LinuxLoopDevices implements LoopDevices {
    private static final Path DEVICES = Path.of("/sys/block");
    private static final String CONTROL = "/dev/loop-control";
    private static final long LOOP_CONFIGURE = 0x4C0A;
    private static final long LOOP_GET_STATUS64 = 0x4C05;
    private static final long LOOP_CTL_GET_FREE = 0x4C82;
    private static final int LO_FLAGS_AUTOCLEAR = 4;
    private static final int LO_FLAGS_DIRECT_IO = 16;
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int O_RDWR_CLOEXEC = 2 | 0x80000;
    private static final int EINTR = 4;
    private static final int EBUSY = 16;
    private static final int ENXIO = 6;
    private static final int EOPNOTSUPP = 95;
    private static final int EIO = 5;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final long NOSUID_NODEV_NOATIME = 2 | 4 | 1024;

    /** struct loop_config: fd, block size, struct loop_info64 (232 bytes), 64 reserved. */
    private static final int CONFIG_SIZE = 4 + 4 + 232 + 64;

    /** struct loop_info64, which begins with device and inode of the file. */
    private static final int STATUS_SIZE = 232;

    /** Where lo_flags stands in loop_info64: after five 64-bit numbers and three 32-bit ones. */
    private static final int STATUS_FLAGS_OFFSET = 5 * 8 + 3 * 4;

    private static final int FLAGS_OFFSET = 4 + 4 + STATUS_FLAGS_OFFSET;

    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        private Libc() {}

        static native int open(byte[] path, int flags, int mode);

        static native int close(int descriptor);

        static native int fallocate(int descriptor, int mode, long offset, long length);

        static native long lseek(int descriptor, long offset, int whence);

        static native long copy_file_range(
                int from, long[] fromOffset, int to, long[] toOffset, long length, int flags);

        static native int ioctl(int descriptor, long request, byte[] argument);

        static native int mount(byte[] source, byte[] target, byte[] type, long flags, byte[] data);
    }

    LinuxLoopDevices() {
        // Bound here and not on a thread that has left the host's namespaces.
        Libc.close(-1);
    }

    @Override
    public boolean available() {
        return Files.isWritable(Path.of(CONTROL));
    }

    @Override
    public int mount(Path image, Path target, boolean discard, Writing writing) {
        int file = open(image.toString());
        if (file < 0) {
            return file;
        }
        try {
            int answer;
            do {
                answer = attachAndMount(file, target, discard, writing);
                // Somebody else took the free device between asking and taking.
            } while (answer == -EBUSY);
            return answer;
        } finally {
            Libc.close(file);
        }
    }

    /** By device and inode: what path the kernel shows depends on a mount namespace that may be gone already. */
    @Override
    public boolean isInUse(Path image) throws IOException {
        long device = (long) Files.getAttribute(image, "unix:dev");
        long inode = (long) Files.getAttribute(image, "unix:ino");
        try (DirectoryStream<Path> devices = Files.newDirectoryStream(DEVICES, "loop*")) {
            for (Path each : devices) {
                if (Files.exists(each.resolve("loop")) && isMadeOf("/dev/" + each.getFileName(), device, inode)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isMadeOf(String loop, long device, long inode) {
        int descriptor = result(Libc.open(bytes(loop), O_RDONLY_CLOEXEC, 0));
        if (descriptor < 0) {
            return false;
        }
        try {
            byte[] status = new byte[STATUS_SIZE];
            ByteBuffer fields = ByteBuffer.wrap(status).order(ByteOrder.nativeOrder());
            return result(Libc.ioctl(descriptor, LOOP_GET_STATUS64, status)) >= 0
                    && fields.getLong(0) == device
                    && fields.getLong(8) == inode;
        } finally {
            Libc.close(descriptor);
        }
    }

    @Override
    public int reserve(Path path, long bytes) {
        int file = open(path.toString());
        if (file < 0) {
            return file;
        }
        int answer;
        do {
            answer = result(Libc.fallocate(file, 0, 0, bytes));
        } while (answer == -EINTR);
        Libc.close(file);
        return answer;
    }

    @Override
    public int copyData(Path from, Path to) {
        int source = open(from.toString());
        if (source < 0) {
            return source;
        }
        int target = open(to.toString());
        if (target < 0) {
            Libc.close(source);
            return target;
        }
        try {
            return copyData(source, target);
        } finally {
            Libc.close(source);
            Libc.close(target);
        }
    }

    /** Piece by piece, as lseek(2) finds them; copy_file_range(2) shares the blocks where the filesystem can. */
    private static int copyData(int source, int target) {
        long end = 0;
        while (true) {
            long begin = longResult(Libc.lseek(source, end, SEEK_DATA));
            if (begin == -ENXIO) {
                return 0;
            }
            end = begin < 0 ? begin : longResult(Libc.lseek(source, begin, SEEK_HOLE));
            if (end < 0) {
                return (int) end;
            }
            long[] read = {begin};
            long[] written = {begin};
            while (read[0] < end) {
                long copied = longResult(Libc.copy_file_range(source, read, target, written, end - read[0], 0));
                if (copied <= 0 && copied != -EINTR) {
                    return copied == 0 ? -EIO : (int) copied;
                }
            }
        }
    }

    private static int attachAndMount(int file, Path target, boolean discard, Writing writing) {
        int control = open(CONTROL);
        if (control < 0) {
            return control;
        }
        int number = result(Libc.ioctl(control, LOOP_CTL_GET_FREE, new byte[0]));
        Libc.close(control);
        if (number < 0) {
            return number;
        }
        String device = "/dev/loop" + number;
        int loop = open(device);
        if (loop < 0) {
            return loop;
        }
        try {
            ByteBuffer config = ByteBuffer.allocate(CONFIG_SIZE).order(ByteOrder.nativeOrder());
            config.putInt(0, file);
            config.putInt(FLAGS_OFFSET, LO_FLAGS_AUTOCLEAR | (writing == Writing.DIRECT ? LO_FLAGS_DIRECT_IO : 0));
            int configured = result(Libc.ioctl(loop, LOOP_CONFIGURE, config.array()));
            if (configured < 0) {
                return configured;
            }
            if (writing == Writing.DIRECT && !isDirect(loop)) {
                return -EOPNOTSUPP;
            }
            // The kernel's own zeroing of inode tables would punch holes into what is reserved.
            return result(Libc.mount(
                    bytes(device),
                    bytes(target.toString()),
                    bytes("ext4"),
                    NOSUID_NODEV_NOATIME,
                    bytes(discard ? "discard,noinit_itable" : "nodiscard,noinit_itable")));
        } finally {
            Libc.close(loop);
        }
    }

    /** The kernel goes by the page cache, and says nothing, where it can't do without. */
    private static boolean isDirect(int loop) {
        byte[] status = new byte[STATUS_SIZE];
        return result(Libc.ioctl(loop, LOOP_GET_STATUS64, status)) >= 0
                && (ByteBuffer.wrap(status).order(ByteOrder.nativeOrder()).getInt(STATUS_FLAGS_OFFSET)
                                & LO_FLAGS_DIRECT_IO)
                        != 0;
    }

    private static int open(String path) {
        return result(Libc.open(bytes(path), O_RDWR_CLOEXEC, 0));
    }

    private static int result(int answer) {
        return answer < 0 ? -Native.getLastError() : answer;
    }

    private static long longResult(long answer) {
        return answer < 0 ? -Native.getLastError() : answer;
    }

    private static byte[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }
}
