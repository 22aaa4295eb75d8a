package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.nftables.HostRules;
import java.io.IOException;

/** A table of the fence in the host's own nftables. Written only where the kernel holds another. Not thread-safe. */
final class HostTable {
    private final Place host;
    private final HostRules.Family family;
    private final String name;
    private String written = "";
    private String held = "";

    HostTable(Place host, HostRules.Family family, String name) {
        this.host = host;
        this.family = family;
        this.name = name;
    }

    /** @return whether others had changed or removed it */
    boolean ensure(String commands) throws IOException {
        HostRules rules = new HostRules(host.filter());
        boolean altered = !rules.fingerprint(family, name).equals(held);
        if (altered || !commands.equals(written)) {
            host.transaction(commands);
            held = rules.fingerprint(family, name);
            written = commands;
        }
        return altered;
    }
}
