package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.List;

/** Messages about programs that see each packet as it comes in by an interface (traffic control). Source: tc-bpf(8). */
public final class TrafficFilters {
    private static final int RTM_NEWQDISC = 36;
    private static final int RTM_NEWTFILTER = 44;
    private static final int RTM_GETTFILTER = 46;
    private static final int TCA_KIND = 1;
    private static final int TCA_OPTIONS = 2;
    private static final int TCA_BPF_FD = 6;
    private static final int TCA_BPF_NAME = 7;
    private static final int TCA_BPF_FLAGS = 8;
    private static final int DIRECT_ACTION = 1;
    private static final int CLSACT = 0xFFFFFFF1;
    private static final int CLSACT_HANDLE = 0xFFFF0000;
    private static final int INGRESS = 0xFFFFFFF2;
    private static final int FIRST_HANDLE = 1;
    /** Priority 1; ETH_P_ALL in network order. */
    private static final int FIRST_OF_ALL_PROTOCOLS = 1 << 16 | Short.toUnsignedInt(Short.reverseBytes((short) 3));

    private static final int HEADER = 20;

    private TrafficFilters() {}

    /** Prepares an interface for programs; EEXIST where it is prepared. */
    public static NetlinkMessage prepare(int index, String name) {
        return new NetlinkMessage(
                "prepare the interface " + name + " for packet programs",
                RTM_NEWQDISC,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                header(index, CLSACT_HANDLE, CLSACT, 0)
                        .attribute(TCA_KIND, "clsact")
                        .toBytes());
    }

    /** Runs the program, whose answer is final, on every packet that comes in. The interface keeps it. */
    public static NetlinkMessage attach(int index, String name, int program, String programName) {
        return new NetlinkMessage(
                "attach the program '" + programName + "' to the interface " + name,
                RTM_NEWTFILTER,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | NetlinkMessage.CREATE,
                header(index, FIRST_HANDLE, INGRESS, FIRST_OF_ALL_PROTOCOLS)
                        .attribute(TCA_KIND, "bpf")
                        .nested(
                                TCA_OPTIONS,
                                options -> options.attribute(TCA_BPF_FD, program)
                                        .attribute(TCA_BPF_NAME, programName)
                                        .attribute(TCA_BPF_FLAGS, DIRECT_ACTION))
                        .toBytes());
    }

    /** Names of the programs that see what comes in by the interface. */
    public static List<String> attached(NetlinkSocket socket, int index) throws NetlinkException {
        NetlinkMessage request = new NetlinkMessage(
                "list packet programs",
                RTM_GETTFILTER,
                NetlinkMessage.REQUEST | NetlinkMessage.DUMP,
                header(index, 0, INGRESS, 0).toBytes());
        return socket.query(request).stream()
                .map(reply -> new Attributes(reply.payload(), HEADER))
                .flatMap(attributes -> attributes.nested(TCA_OPTIONS).stream())
                .flatMap(options -> options.text(TCA_BPF_NAME).stream())
                .toList();
    }

    /** struct tcmsg. */
    private static Payload header(int index, int handle, int parent, int info) {
        return new Payload()
                .intValue(0)
                .intValue(index)
                .intValue(handle)
                .intValue(parent)
                .intValue(info);
    }
}
