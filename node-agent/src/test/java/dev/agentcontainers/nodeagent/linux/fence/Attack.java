package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.METADATA;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;

import java.util.List;

/**
 * Something that an agent tries.
 *
 * @param wide whether its policy allows every address, port and protocol, so that only what no policy opens is left
 * @param withoutPrivilege the barrier that holds for an agent that users have
 * @param withPrivilege the barrier that holds for one with every capability and no system call filter
 * @param sent filter of the packets that the attack makes
 * @param request what agent.py is asked to do; the text {@code OWN} stands for the agent's own address
 */
record Attack(
        String name, boolean wide, Barrier withoutPrivilege, Barrier withPrivilege, String sent, Object... request) {
    /** Stands in a request for the agent's own address. */
    static final String OWN = "OWN";

    private static final String GOOGLE = "8.8.8.8";
    private static final String NEVER_ALLOWED = "203.0.113.5";
    private static final int MORE_FRAGMENTS = 0x2000;

    /** What stops an attack. */
    enum Barrier {
        /** A system call is refused; no packet comes to be. */
        SYSTEM_CALL,
        /** The packet is sent, counted and dropped by the fence's rules. */
        RULES,
        /** The packet is sent and the fence's kernel drops it before its rules: no protocol for it, not whole. */
        FENCE_KERNEL
    }

    Barrier barrier(Profile profile) {
        return switch (profile) {
            case SHIPPED -> withoutPrivilege;
            case ALL_CAPABILITIES -> withPrivilege;
        };
    }

    static List<Attack> all() {
        return List.of(
                narrow("denied address", "host " + DENIED, "tcp", DENIED, PORT),
                narrow("denied port", "tcp port 8081", "tcp", ALLOWED, OTHER_PORT),
                narrow("denied protocol: UDP", "udp", "udp", ALLOWED, PORT),
                narrow("UDP without connect", "udp", "unconnected", ALLOWED, PORT),
                narrow("external DNS", "udp port 53", "unconnected", GOOGLE, 53),
                narrow("TCP fast open", "host " + DENIED, "fast_open", DENIED, PORT),
                narrow("denied address written as IPv6", "host " + DENIED, "tcp", "::ffff:" + DENIED, PORT),
                narrow("fragmented datagram to a denied port", "udp", "datagram", ALLOWED, PORT, 5000),
                raw("denied protocol: SCTP", false, "ip proto 132", OWN, ALLOWED, 132, "10001f900000000000000000"),
                raw("denied protocol: ESP", true, "ip proto 50", OWN, ALLOWED, 50, "0000111100002222"),
                raw("tunnel: IP in IP", true, "ip proto 4", OWN, ALLOWED, 4, "0000111100002222"),
                raw("tunnel: IPv6 in IP", true, "ip proto 41", OWN, ALLOWED, 41, "0000111100002222"),
                raw("tunnel: GRE", true, "ip proto 47", OWN, ALLOWED, 47, "0000111100002222"),
                privileged("ICMP echo", "icmp[icmptype] = icmp-echo", Barrier.RULES, "ping", ALLOWED),
                privileged(
                        "source of another agent",
                        "udp port 8080",
                        Barrier.RULES,
                        "raw_udp",
                        "100.80.4.200",
                        ALLOWED,
                        PORT),
                privileged(
                        "source of the uplink", "udp port 8080", Barrier.RULES, "raw_udp", "100.80.4.1", ALLOWED, PORT),
                privileged("source of the node", "udp port 8080", Barrier.RULES, "raw_udp", HOST, ALLOWED, PORT),
                privileged("source of a stranger", "udp port 8080", Barrier.RULES, "raw_udp", GOOGLE, ALLOWED, PORT),
                privileged(
                        "transparent socket with the source of a stranger",
                        "udp port 8080",
                        Barrier.RULES,
                        "foreign_source",
                        19,
                        GOOGLE,
                        ALLOWED,
                        PORT),
                new Attack(
                        "socket bound to the address of a stranger",
                        true,
                        Barrier.SYSTEM_CALL,
                        Barrier.SYSTEM_CALL,
                        "udp port 8080",
                        "foreign_source",
                        15,
                        GOOGLE,
                        ALLOWED,
                        PORT),
                privileged(
                        "first fragment alone",
                        "udp",
                        Barrier.FENCE_KERNEL,
                        "raw_udp",
                        OWN,
                        ALLOWED,
                        PORT,
                        MORE_FRAGMENTS),
                privileged(
                        "later fragment alone",
                        "ip[6:2] & 0x1fff != 0",
                        Barrier.FENCE_KERNEL,
                        "raw_udp",
                        OWN,
                        ALLOWED,
                        PORT,
                        5),
                privileged(
                        "IP options: loose source route by way of an allowed address",
                        "ip[0] & 0x0f > 5",
                        Barrier.RULES,
                        "with_options",
                        DENIED,
                        PORT,
                        "830704" + "0a140001" + "00"),
                wide(
                        "IP options: record route",
                        "ip[0] & 0x0f > 5",
                        "with_options",
                        ALLOWED,
                        PORT,
                        "07070400000000" + "00"),
                privileged(
                        "IP options made by hand",
                        "ip[0] & 0x0f > 5",
                        Barrier.RULES,
                        "raw_udp",
                        OWN,
                        ALLOWED,
                        PORT,
                        0,
                        "01010101"),
                new Attack(
                        "IPv6",
                        true,
                        Barrier.SYSTEM_CALL,
                        Barrier.SYSTEM_CALL,
                        "ip6 net fd00::/8",
                        "tcp",
                        "fd00::1",
                        PORT),
                privileged(
                        "IPv6 made by hand",
                        "ip6 net fd00::/8",
                        Barrier.FENCE_KERNEL,
                        "frame",
                        "60000000000c1140fd000000000000000000000000000005fd000000000000000000000000000001"
                                + "10921f90000c000068656c6c",
                        0x86dd),
                privileged("frame: ARP", "arp", Barrier.FENCE_KERNEL, "frame", "45000020".repeat(10), 0x0806),
                privileged(
                        "frame: MPLS",
                        "ether proto 0x8847",
                        Barrier.FENCE_KERNEL,
                        "frame",
                        "45000020".repeat(10),
                        0x8847),
                privileged(
                        "frame: VLAN",
                        "ether[12:2] = 0x8100",
                        Barrier.FENCE_KERNEL,
                        "frame",
                        "45000020".repeat(10),
                        0x8100),
                wide("cloud metadata", "host " + METADATA, "tcp", METADATA, PORT),
                wide("cloud metadata by UDP", "host " + METADATA, "unconnected", METADATA, PORT),
                wide(
                        "address that the node's configuration forbids",
                        "host " + NEVER_ALLOWED,
                        "tcp",
                        NEVER_ALLOWED,
                        PORT),
                wide("the node's own listener", "host " + HOST, "tcp", HOST, PORT),
                wide("the node's own listener by UDP", "host " + HOST, "unconnected", HOST, PORT),
                wide("the uplink's own address", "host 100.80.4.1", "tcp", "100.80.4.1", PORT),
                wide("the next hop's address", "host 169.254.1.1", "tcp", "169.254.1.1", PORT),
                wide("link-local neighbour", "host 169.254.7.7", "unconnected", "169.254.7.7", PORT),
                wide("multicast", "host 224.0.0.251", "unconnected", "224.0.0.251", 5353),
                wide("broadcast", "host 255.255.255.255", "unconnected", "255.255.255.255", 67));
    }

    private static Attack narrow(String name, String sent, Object... request) {
        return new Attack(name, false, Barrier.RULES, Barrier.RULES, sent, request);
    }

    private static Attack wide(String name, String sent, Object... request) {
        return new Attack(name, true, Barrier.RULES, Barrier.RULES, sent, request);
    }

    private static Attack privileged(String name, String sent, Barrier withPrivilege, Object... request) {
        return new Attack(name, true, Barrier.SYSTEM_CALL, withPrivilege, sent, request);
    }

    private static Attack raw(
            String name, boolean wide, String sent, String source, String destination, int protocol, String payload) {
        return new Attack(
                name, wide, Barrier.SYSTEM_CALL, Barrier.RULES, sent, "raw", source, destination, protocol, payload);
    }

    @Override
    public String toString() {
        return name;
    }
}
