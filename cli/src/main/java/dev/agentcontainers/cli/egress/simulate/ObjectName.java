package dev.agentcontainers.cli.egress.simulate;

import dev.agentcontainers.cli.terminal.UserException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/**
 * An object as it is named on the command line: {@code KIND/[NAMESPACE/]NAME}.
 *
 * @param namespace empty for a kind that has none
 */
record ObjectName(Kind kind, String namespace, String name) {
    /** What can be taken away. */
    enum Kind {
        NETWORK_POLICY("NetworkPolicy", true, Set.of("networkpolicy", "networkpolicies", "netpol")),
        EGRESS_POLICY("EgressPolicy", true, Set.of("egresspolicy", "egresspolicies", "egp")),
        CLUSTER_NETWORK_POLICY(
                "ClusterNetworkPolicy", false, Set.of("clusternetworkpolicy", "clusternetworkpolicies", "cnp")),
        AGENT_CONTAINER("AgentContainer", true, Set.of("agentcontainer", "agentcontainers", "ac"));

        private final String title;
        private final boolean namespaced;
        private final Set<String> names;

        Kind(String title, boolean namespaced, Set<String> names) {
            this.title = title;
            this.namespaced = namespaced;
            this.names = names;
        }
    }

    /**
     * Reads one.
     *
     * @param namespace of what is named without one
     * @throws UserException where the text has no such form
     */
    static ObjectName parse(String text, String namespace) {
        String[] parts = text.split("/", -1);
        Kind kind = Arrays.stream(Kind.values())
                .filter(each -> each.names.contains(parts[0].toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> wrong(text));
        if (parts.length < 2
                || parts.length > (kind.namespaced ? 3 : 2)
                || Arrays.stream(parts).anyMatch(String::isEmpty)) {
            throw wrong(text);
        }
        return new ObjectName(
                kind, !kind.namespaced ? "" : parts.length == 3 ? parts[1] : namespace, parts[parts.length - 1]);
    }

    private static UserException wrong(String text) {
        return new UserException(
                "--without %s: write KIND/NAME or KIND/NAMESPACE/NAME; KIND is egresspolicy (egp), networkpolicy (netpol), clusternetworkpolicy (cnp, without namespace) or agentcontainer (ac), for example egp/team-a/sites"
                        .formatted(text),
                2);
    }

    @Override
    public String toString() {
        return kind.title + " " + (namespace.isEmpty() ? "" : namespace + "/") + name;
    }
}
