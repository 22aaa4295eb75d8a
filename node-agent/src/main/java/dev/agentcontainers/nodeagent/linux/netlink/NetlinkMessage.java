package dev.agentcontainers.nodeagent.linux.netlink;

/**
 * A message without its netlink header's length, sequence number and port.
 *
 * @param action what it is for, shown in errors
 * @param payload the family's header and attributes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record NetlinkMessage(String action, int type, int flags, byte[] payload) {
    public static final int REQUEST = 1;
    public static final int ACKNOWLEDGE = 4;
    public static final int DUMP = 0x300;
    public static final int REPLACE = 0x100;
    public static final int EXCLUSIVE = 0x200;
    public static final int CREATE = 0x400;

    public boolean acknowledged() {
        return (flags & ACKNOWLEDGE) != 0;
    }
}
