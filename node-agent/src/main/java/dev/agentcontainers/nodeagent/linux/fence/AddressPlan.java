package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4Network;

/**
 * Who has which address.
 *
 * @param agents the agents' addresses on this node and, as its first usable one, the uplink's
 * @param fleet all agents' addresses
 */
record AddressPlan(Ipv4Network agents, Ipv4Network fleet) {
    /**
     * Next hop of agents, never asked for, since its Ethernet address is fixed; and the only address of the fence that
     * answers them: their name server's.
     */
    static final Ipv4 NEXT_HOP = Ipv4.parse("169.254.1.1");

    /** Next hop of the fence itself, never asked for either. */
    static final Ipv4 HOST = Ipv4.parse("169.254.1.2");

    /**
     * Above what systemd gives containers (to 0x6FFFFFFF); from 0x7FFE0000, which it uses again, are users of no range that
     * agents could have. Source: systemd, "Users, Groups, UIDs and GIDs on systemd Systems".
     */
    private static final long FIRST_PROXY_USER = 0x70000000L;

    /**
     * Halves are exchanged, by which the usual ranges (100.64.0.0/10, 10.0.0.0/8) have users above those that sssd derives (to
     * 2,000,200,000), and the first of them none that agents of local fleets and runs have.
     */
    private static final long UPPER_HALF = 0x08000000L;

    static AddressPlan of(FenceSettings settings) {
        Ipv4Network agents = parse("agentCidr", settings.agentCidr());
        if (agents.prefix() < 16 || agents.prefix() > 28) {
            throw new IllegalArgumentException("agentCidr " + settings.agentCidr() + " must have a prefix of 16 to 28");
        }
        return new AddressPlan(agents, parse("fleetCidr", settings.fleetCidr()));
    }

    Ipv4 uplink() {
        return agents.base().plus(1);
    }

    Ipv4 firstAgent() {
        return agents.base().plus(2);
    }

    Ipv4 lastAgent() {
        return agents.last().plus(-1);
    }

    /**
     * The user that this node's egress proxy runs as: one for each range of 16 addresses of IPv4. Nodes of one machine have
     * different ranges, since the host's routes tell them apart, so no two have the same user.
     */
    long proxyUser() {
        return FIRST_PROXY_USER | ((agents.base().number() >>> 4) ^ UPPER_HALF);
    }

    private static Ipv4Network parse(String field, String text) {
        try {
            return Ipv4Network.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    field + " '" + text + "' must be an IPv4 range such as 100.80.0.0/22: " + e.getMessage(), e);
        }
    }
}
