package dev.agentcontainers.nodeagent.linux.netlink;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The kernel's own. */
public final class LinuxNetlinkSocket implements NetlinkSocket {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_CAP_ACK = 10;
    private static final int NETLINK_EXT_ACK = 11;
    private static final int NETLINK_GET_STRICT_CHK = 12;
    private static final int HEADER = 16;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLM_F_MULTI = 2;
    private static final int NLM_F_DUMP_INTR = 0x10;
    private static final int EINTR = 4;
    private static final int MOST_LISTINGS = 10;
    private static final int NLM_F_ACK_TLVS = 0x200;
    private static final int NLMSGERR_ATTR_MSG = 1;
    private static final int RECEIVE_BUFFER = 256 * 1024;
    private static final long TIMEOUT_SECONDS = 5;

    private interface C extends Library {
        int socket(int domain, int type, int protocol) throws LastErrorException;

        int setsockopt(int socket, int level, int option, byte[] value, int length) throws LastErrorException;

        int bind(int socket, byte[] address, int length) throws LastErrorException;

        long send(int socket, byte[] data, long length, int flags) throws LastErrorException;

        long recv(int socket, Pointer buffer, long length, int flags) throws LastErrorException;

        int close(int descriptor);

        String strerror(int errno);
    }

    private static final C LIBC = Native.load("c", C.class);

    private final int descriptor;
    private final Memory buffer = new Memory(RECEIVE_BUFFER);
    private int sequence;
    private boolean closed;

    private LinuxNetlinkSocket(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Opens one in the calling thread's network namespace. */
    public static LinuxNetlinkSocket open(int protocol) throws NetlinkException {
        int descriptor;
        try {
            descriptor = LIBC.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
        } catch (LastErrorException e) {
            throw failure("open a netlink socket", e.getErrorCode(), "");
        }
        try {
            byte[] on = host(4).putInt(1).array();
            LIBC.setsockopt(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, on, 4);
            LIBC.setsockopt(descriptor, SOL_NETLINK, NETLINK_EXT_ACK, on, 4);
            LIBC.setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, on, 4);
            byte[] timeout = host(16).putLong(TIMEOUT_SECONDS).putLong(0).array();
            LIBC.setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
            byte[] address = host(12).putShort((short) AF_NETLINK).array();
            LIBC.bind(descriptor, address, address.length);
            return new LinuxNetlinkSocket(descriptor);
        } catch (LastErrorException e) {
            LIBC.close(descriptor);
            throw failure("set up a netlink socket", e.getErrorCode(), "");
        }
    }

    @Override
    public synchronized void execute(List<NetlinkMessage> messages) throws NetlinkException {
        Map<Integer, NetlinkMessage> sent = send(messages);
        long expected = messages.stream().filter(NetlinkMessage::acknowledged).count();
        NetlinkException first = null;
        while (expected > 0) {
            for (Received received : receive()) {
                NetlinkMessage request = sent.get(received.sequence);
                if (request == null || received.type != NLMSG_ERROR) {
                    continue;
                }
                if (request.acknowledged()) {
                    expected--;
                } else {
                    // The frame of a batch: the batch failed as a whole, and no other answer may come.
                    expected = 0;
                }
                if (received.errno() != 0 && first == null) {
                    first = failure(request.action(), received.errno(), received.explanation());
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    /** A listing during which what it lists has changed may lack something or have it twice: it is asked for again. */
    @Override
    public synchronized List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException {
        for (int attempt = 1; attempt <= MOST_LISTINGS; attempt++) {
            Optional<List<NetlinkMessage>> replies = list(request);
            if (replies.isPresent()) {
                return replies.get();
            }
        }
        throw failure(request.action(), EINTR, "what is listed changed during each of " + MOST_LISTINGS + " attempts");
    }

    /** Empty where the kernel says that the listing was disturbed. */
    private Optional<List<NetlinkMessage>> list(NetlinkMessage request) throws NetlinkException {
        Map<Integer, NetlinkMessage> sent = send(List.of(request));
        List<NetlinkMessage> replies = new ArrayList<>();
        boolean disturbed = false;
        while (true) {
            for (Received received : receive()) {
                if (!sent.containsKey(received.sequence)) {
                    continue;
                }
                disturbed |= (received.flags & NLM_F_MULTI) != 0 && (received.flags & NLM_F_DUMP_INTR) != 0;
                if (received.type == NLMSG_ERROR || received.type == NLMSG_DONE) {
                    if (received.errno() != 0) {
                        throw failure(request.action(), received.errno(), received.explanation());
                    }
                    return disturbed ? Optional.empty() : Optional.of(replies);
                }
                replies.add(new NetlinkMessage(request.action(), received.type, received.flags, received.payload));
                if ((received.flags & NLM_F_MULTI) == 0) {
                    return Optional.of(replies);
                }
            }
        }
    }

    private Map<Integer, NetlinkMessage> send(List<NetlinkMessage> messages) throws NetlinkException {
        if (closed) {
            throw new IllegalStateException("netlink socket is closed");
        }
        Map<Integer, NetlinkMessage> sent = new HashMap<>();
        int size = messages.stream()
                .mapToInt(message -> aligned(HEADER + message.payload().length))
                .sum();
        ByteBuffer datagram = host(size);
        for (NetlinkMessage message : messages) {
            sent.put(++sequence, message);
            int start = datagram.position();
            int length = HEADER + message.payload().length;
            datagram.putInt(length)
                    .putShort((short) message.type())
                    .putShort((short) message.flags())
                    .putInt(sequence)
                    .putInt(0)
                    .put(message.payload())
                    .position(start + aligned(length));
        }
        try {
            LIBC.send(descriptor, datagram.array(), size, 0);
        } catch (LastErrorException e) {
            throw failure(messages.getFirst().action(), e.getErrorCode(), "");
        }
        return sent;
    }

    private record Received(int type, int flags, int sequence, byte[] payload) {
        int errno() {
            return payload.length < 4
                    ? 0
                    : -ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder()).getInt();
        }

        String explanation() {
            // With NETLINK_CAP_ACK the request's header, but not its payload, follows the error number.
            if ((flags & NLM_F_ACK_TLVS) == 0 || payload.length <= 4 + HEADER) {
                return "";
            }
            return new Attributes(payload, 4 + HEADER).text(NLMSGERR_ATTR_MSG).orElse("");
        }
    }

    private List<Received> receive() throws NetlinkException {
        int length;
        try {
            length = (int) LIBC.recv(descriptor, buffer, RECEIVE_BUFFER, 0);
        } catch (LastErrorException e) {
            throw failure("wait for the kernel's answer", e.getErrorCode(), "");
        }
        ByteBuffer datagram = buffer.getByteBuffer(0, length).order(ByteOrder.nativeOrder());
        List<Received> messages = new ArrayList<>();
        int position = 0;
        while (position + HEADER <= length) {
            int messageLength = datagram.getInt(position);
            if (messageLength < HEADER || position + messageLength > length) {
                throw failure("read the kernel's answer", 0, "message of length " + messageLength);
            }
            byte[] payload = new byte[messageLength - HEADER];
            datagram.get(position + HEADER, payload);
            messages.add(new Received(
                    Short.toUnsignedInt(datagram.getShort(position + 4)),
                    Short.toUnsignedInt(datagram.getShort(position + 6)),
                    datagram.getInt(position + 8),
                    payload));
            position += aligned(messageLength);
        }
        return messages;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            LIBC.close(descriptor);
            buffer.close();
        }
    }

    private static NetlinkException failure(String action, int errno, String explanation) {
        return new NetlinkException(action, errno, LIBC.strerror(errno), explanation);
    }

    private static int aligned(int length) {
        return (length + 3) & ~3;
    }

    private static ByteBuffer host(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }
}
