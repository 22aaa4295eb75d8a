package dev.agentcontainers.nodeagent.linux.netlink;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A packet that a rule has logged (nfnetlink_log).
 *
 * @param prefix the text that the rule gives
 * @param incoming index of the interface that it came in by; 0 where it came in by none
 * @param outgoing index of the interface by which it would have left; 0 where that was not decided
 * @param packet its first bytes, from the IP header on
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record LoggedPacket(String prefix, int incoming, int outgoing, byte[] packet) {
    private static final int SUBSYSTEM = 4 << 8;
    private static final int PACKET = SUBSYSTEM;
    private static final int CONFIG = SUBSYSTEM | 1;
    private static final int CFG_CMD = 1;
    private static final int CFG_MODE = 2;
    private static final int CFG_TIMEOUT = 4;
    private static final int BIND = 1;
    private static final int COPY_PACKET = 2;
    private static final int INDEV = 4;
    private static final int OUTDEV = 5;
    private static final int PAYLOAD = 9;
    private static final int PREFIX = 10;
    private static final int HEADER = 4;
    /** In hundredths of a second. */
    private static final int LONGEST_WAIT = 5;

    /** Enough for an IP header with options and the ports behind it. */
    public static final int COPIED = 96;

    /** What is asked of the kernel to get the packets of a group. */
    static List<NetlinkMessage> subscription(int group) {
        return List.of(
                configure(
                        "take the logged packets of group " + group,
                        header(group).attributeByte(CFG_CMD, BIND)),
                configure(
                        "say how much of logged packets is wanted",
                        header(group)
                                .attribute(
                                        CFG_MODE,
                                        ByteBuffer.allocate(6)
                                                .putInt(COPIED)
                                                .put((byte) COPY_PACKET)
                                                .array())
                                .attributeBigEndian(CFG_TIMEOUT, LONGEST_WAIT)));
    }

    private static NetlinkMessage configure(String action, Payload payload) {
        return new NetlinkMessage(
                action, CONFIG, NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE, payload.toBytes());
    }

    /** struct nfgenmsg. */
    private static Payload header(int group) {
        return new Payload().byteValue(0).byteValue(0).shortBigEndian(group);
    }

    /** Empty where the notice is of something else. */
    public static Optional<LoggedPacket> of(NetlinkMessage notice) {
        if (notice.type() != PACKET) {
            return Optional.empty();
        }
        Attributes attributes = new Attributes(notice.payload(), HEADER);
        return Optional.of(new LoggedPacket(
                attributes.text(PREFIX).orElse(""),
                attributes.integerBigEndian(INDEV).orElse(0),
                attributes.integerBigEndian(OUTDEV).orElse(0),
                attributes.bytes(PAYLOAD).orElse(new byte[0])));
    }
}
