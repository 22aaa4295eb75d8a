package dev.agentcontainers.nodeagent.linux.process;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.ToIntFunction;

/** The kernel's own. Sources: unix(7), cmsg(3), recvmsg(2), sendmsg(2); structures as 64-bit kernels have them. */
final class LinuxHandoverCalls implements HandoverCalls {
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int OWN_ONLY = 0600;
    private static final int BACKLOG = 4;
    private static final int EINTR = 4;
    private static final int EMFILE = 24;
    private static final int ENAMETOOLONG = 36;
    private static final int EBADMSG = 74;
    private static final int ECONNRESET = 104;

    /** struct msghdr, in which these are the places of the fields that are used. */
    private static final int HEADER = 56;

    private static final int HEADER_VECTOR = 16;
    private static final int HEADER_VECTOR_COUNT = 24;
    private static final int HEADER_CONTROL = 32;
    private static final int HEADER_CONTROL_LENGTH = 40;
    private static final int HEADER_FLAGS = 48;

    /** struct iovec. */
    private static final int VECTOR = 16;

    /** struct cmsghdr: its length, level and type; then what was sent. */
    private static final int CONTROL_LEVEL = 8;

    private static final int CONTROL_TYPE = 12;
    private static final int CONTROL_HEADER = 16;

    /** With one descriptor. There is no room for another, so that the kernel says if there was one. */
    private static final int CONTROL = CONTROL_HEADER + Integer.BYTES;

    /** More than a runtime says along with a descriptor. */
    private static final int WORDS = 256;

    @Override
    public int listen(String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST_PATH) {
            return -ENAMETOOLONG;
        }
        int socket = Libc.result(Libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (socket < 0) {
            return socket;
        }
        // Before it has a path: that one is made with the socket's own mode.
        int answer = Libc.result(Libc.fchmod(socket, OWN_ONLY));
        if (answer >= 0) {
            byte[] address = ByteBuffer.allocate(Short.BYTES + LONGEST_PATH + 1)
                    .order(ByteOrder.nativeOrder())
                    .putShort((short) AF_UNIX)
                    .put(bytes)
                    .array();
            answer = Libc.result(Libc.bind(socket, address, address.length));
        }
        if (answer >= 0) {
            answer = Libc.result(Libc.listen(socket, BACKLOG));
        }
        if (answer < 0) {
            Libc.close(socket);
            return answer;
        }
        return socket;
    }

    @Override
    public int accept(int listening) {
        int answer;
        do {
            answer = Libc.result(Libc.accept4(listening, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC));
        } while (answer == -EINTR);
        return answer;
    }

    @Override
    public int peer(int connection) {
        // struct ucred: pid, user, group.
        int[] credentials = new int[3];
        int answer = Libc.result(Libc.getsockopt(
                connection, SOL_SOCKET, SO_PEERCRED, credentials, new int[] {credentials.length * Integer.BYTES}));
        return answer < 0 ? answer : credentials[0];
    }

    @Override
    public int receive(int connection) {
        return withMessage(header -> received(connection, header));
    }

    @Override
    public int give(int connection, int descriptor) {
        return withMessage(header -> given(connection, header, descriptor));
    }

    private static int withMessage(ToIntFunction<Pointer> work) {
        long address = Native.malloc(HEADER + VECTOR + CONTROL_HEADER + Long.BYTES + WORDS);
        if (address == 0) {
            throw new OutOfMemoryError("no memory for a descriptor's message");
        }
        try {
            return work.applyAsInt(new Pointer(address));
        } finally {
            Native.free(address);
        }
    }

    /**
     * Writes a message with room for words and one descriptor.
     *
     * @return where its struct cmsghdr is
     */
    private static Pointer lay(Pointer header, int words) {
        Pointer vector = header.share(HEADER);
        Pointer control = vector.share(VECTOR);
        header.clear(HEADER + VECTOR + CONTROL_HEADER + Long.BYTES + WORDS);
        header.setPointer(HEADER_VECTOR, vector);
        header.setLong(HEADER_VECTOR_COUNT, 1);
        header.setPointer(HEADER_CONTROL, control);
        header.setLong(HEADER_CONTROL_LENGTH, CONTROL);
        vector.setPointer(0, control.share(CONTROL_HEADER + Long.BYTES));
        vector.setLong(Long.BYTES, words);
        return control;
    }

    private static int given(int connection, Pointer header, int descriptor) {
        Pointer control = lay(header, 1);
        control.setLong(0, CONTROL);
        control.setInt(CONTROL_LEVEL, SOL_SOCKET);
        control.setInt(CONTROL_TYPE, SCM_RIGHTS);
        control.setInt(CONTROL_HEADER, descriptor);
        int answer;
        do {
            answer = Libc.result(Libc.sendmsg(connection, Pointer.nativeValue(header), MSG_NOSIGNAL));
        } while (answer == -EINTR);
        return Math.min(answer, 0);
    }

    private static int received(int connection, Pointer header) {
        Pointer control = lay(header, WORDS);
        int answer;
        do {
            answer = Libc.result(Libc.recvmsg(connection, Pointer.nativeValue(header), MSG_CMSG_CLOEXEC));
        } while (answer == -EINTR);
        if (answer <= 0) {
            return answer == 0 ? -ECONNRESET : answer;
        }
        boolean cut = (header.getInt(HEADER_FLAGS) & MSG_CTRUNC) != 0;
        if (cut && header.getLong(HEADER_CONTROL_LENGTH) < CONTROL) {
            // There was room for one, and the kernel gave none. Source: Linux, net/core/scm.c, scm_detach_fds.
            return -EMFILE;
        }
        boolean one = header.getLong(HEADER_CONTROL_LENGTH) >= CONTROL
                && control.getLong(0) == CONTROL
                && control.getInt(CONTROL_LEVEL) == SOL_SOCKET
                && control.getInt(CONTROL_TYPE) == SCM_RIGHTS;
        if (!one) {
            return -EBADMSG;
        }
        int descriptor = control.getInt(CONTROL_HEADER);
        if (cut) {
            Libc.close(descriptor);
            return -EBADMSG;
        }
        return descriptor;
    }

    @Override
    public int close(int descriptor) {
        return Libc.result(Libc.close(descriptor));
    }
}
