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

    private static Ipv4Network parse(String field, String text) {
        try {
            return Ipv4Network.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    field + " '" + text + "' must be an IPv4 range such as 100.80.0.0/22: " + e.getMessage(), e);
        }
    }
}
