package dev.agentcontainers.nodeagent.linux.strength;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import dev.agentcontainers.nodeagent.linux.process.HandoverCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/** What Java has no call for. Sources: name_to_handle_at(2), unix(7). */
final class HostCalls {
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int CLOEXEC = 0x80000;
    private static final int NONBLOCK_CLOEXEC = 0x800 | CLOEXEC;
    private static final Duration PAUSE = Duration.ofMillis(2);
    private static final int AT_FDCWD = -100;
    private static final int MOST_HANDLE = 128;
    private static final int HANDLE_HEAD = 8;
    private static final C LIBC = Native.load("c", C.class);

    private interface C extends Library {
        int name_to_handle_at(int directory, String path, byte[] handle, int[] mount, int flags)
                throws LastErrorException;

        int socket(int domain, int type, int protocol) throws LastErrorException;

        int bind(int socket, byte[] address, int length) throws LastErrorException;

        int listen(int socket, int backlog) throws LastErrorException;

        int connect(int socket, byte[] address, int length);

        int open(String path, int flags) throws LastErrorException;

        int accept(int socket, byte[] address, int[] length);

        int close(int descriptor);
    }

    private HostCalls() {}

    /** The {@code struct file_handle} by which a file can be opened without its path. */
    static byte[] handleOf(Path file) throws IOException {
        byte[] handle = new byte[HANDLE_HEAD + MOST_HANDLE];
        ByteBuffer.wrap(handle).order(ByteOrder.nativeOrder()).putInt(MOST_HANDLE);
        try {
            LIBC.name_to_handle_at(AT_FDCWD, file.toString(), handle, new int[1], 0);
        } catch (LastErrorException e) {
            throw new IOException("the handle of " + file + " can't be had: error " + e.getErrorCode(), e);
        }
        int length = ByteBuffer.wrap(handle).order(ByteOrder.nativeOrder()).getInt();
        return Arrays.copyOf(handle, HANDLE_HEAD + length);
    }

    /** The {@code struct sockaddr_un} of a path, or of an abstract name that begins with a zero. */
    static byte[] address(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer address = ByteBuffer.allocate(Short.BYTES + bytes.length).order(ByteOrder.nativeOrder());
        return address.putShort((short) AF_UNIX).put(bytes).array();
    }

    /** A socket that listens at an address of {@link #address}. */
    static int listen(byte[] address) throws IOException {
        int socket = -1;
        try {
            socket = LIBC.socket(AF_UNIX, SOCK_STREAM | NONBLOCK_CLOEXEC, 0);
            LIBC.bind(socket, address, address.length);
            LIBC.listen(socket, 1);
            return socket;
        } catch (LastErrorException e) {
            if (socket >= 0) {
                LIBC.close(socket);
            }
            throw new IOException("a local socket can't listen: error " + e.getErrorCode(), e);
        }
    }

    /** Whether somebody has connected. */
    static boolean isReached(int socket) {
        int connection = LIBC.accept(socket, new byte[MOST_HANDLE], new int[] {MOST_HANDLE});
        if (connection < 0) {
            return false;
        }
        LIBC.close(connection);
        return true;
    }

    /** Hands a descriptor of a folder to who listens there, or comes to within that time. */
    static void hand(Path listening, Path folder, Duration patience) throws IOException, InterruptedException {
        int directory = 0x10000;
        int socket = -1;
        int descriptor = -1;
        try {
            descriptor = LIBC.open(folder.toString(), directory | CLOEXEC);
            socket = LIBC.socket(AF_UNIX, SOCK_STREAM | CLOEXEC, 0);
            connect(socket, address(listening.toString()), patience);
            int given = HandoverCalls.ofThisMachine().give(socket, descriptor);
            if (given < 0) {
                throw new IOException(folder + " can't be handed over: error " + -given);
            }
        } catch (LastErrorException e) {
            throw new IOException(folder + " can't be handed over: error " + e.getErrorCode(), e);
        } finally {
            for (int each : new int[] {socket, descriptor}) {
                if (each >= 0) {
                    LIBC.close(each);
                }
            }
        }
    }

    private static void connect(int socket, byte[] address, Duration patience)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (LIBC.connect(socket, address, address.length) < 0) {
            if (System.nanoTime() > deadline) {
                throw new IOException("nobody listens there: error " + Native.getLastError());
            }
            Thread.sleep(PAUSE);
        }
    }

    static void close(int descriptor) {
        LIBC.close(descriptor);
    }
}
