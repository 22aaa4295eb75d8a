package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.nftables.HostRules.Dropping;

/** Says what to do about a firewall of the host that lets no agent's packet pass. Its rules are not ours to change. */
final class Hindrance {
    private Hindrance() {}

    static String describe(Dropping chain, String uplink) {
        return "the host drops what agents send: " + chain + " refuses all forwarded packets that it has no rule for."
                + " Let the agents' uplink pass, for example: " + remedy(chain, uplink);
    }

    private static String remedy(Dropping chain, String uplink) {
        if (chain.siblings().contains("DOCKER-USER")) {
            return iptables("DOCKER-USER", uplink);
        }
        if (chain.siblings().contains("ufw-user-forward")) {
            return "ufw route allow in on " + uplink;
        }
        if (chain.table().equals("firewalld")) {
            return "firewall-cmd --permanent --zone=trusted --add-interface=" + uplink + " && firewall-cmd --reload";
        }
        if (chain.family().equals("ip") && chain.table().equals("filter")) {
            return iptables(chain.chain(), uplink);
        }
        String insert = "nft insert rule " + chain.family() + " " + chain.table() + " " + chain.chain();
        return insert + " iifname " + uplink + " accept; " + insert + " oifname " + uplink
                + " ct state established,related accept";
    }

    private static String iptables(String chain, String uplink) {
        return "iptables -I " + chain + " -i " + uplink + " -j ACCEPT; iptables -I " + chain + " -o " + uplink
                + " -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT";
    }
}
