package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.audit.AuditSettings;
import dev.agentcontainers.nodeagent.enrolment.JoinSettings;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.NodeUses;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a node agent is told at its start.
 *
 * @param kubeconfig how the API server is reached; where absent, by what was granted when this machine joined
 * @param join how this machine joins where it has neither that nor a kubeconfig; absent where it is to be joined by hand
 * @param fleetCidr range of all agents' addresses in the fleet
 * @param neverAllowed addresses and ranges that no policy opens on this node, beside the API server's
 * @param usersPercent how much of the machine is kept for users' runs by the local socket; 0 where there is none
 * @param version of this node agent
 * @param names how agents' names are resolved
 * @param audit how much of the record of agents' flows is kept
 * @param images where images are kept and had from
 */
public record NodeOptions(
        NodeSettings settings,
        Optional<Path> kubeconfig,
        Optional<JoinSettings> join,
        String fleetCidr,
        List<String> neverAllowed,
        int usersPercent,
        String version,
        NameSettings names,
        AuditSettings audit,
        ImageSettings images) {
    public NodeOptions {
        neverAllowed = List.copyOf(neverAllowed);
    }

    /** Names are resolved by the machine's own resolver, the usual is recorded, and images are in the state directory. */
    public NodeOptions(
            NodeSettings settings,
            Optional<Path> kubeconfig,
            Optional<JoinSettings> join,
            String fleetCidr,
            List<String> neverAllowed,
            int usersPercent,
            String version) {
        this(
                settings,
                kubeconfig,
                join,
                fleetCidr,
                neverAllowed,
                usersPercent,
                version,
                NameSettings.DEFAULT,
                AuditSettings.DEFAULT,
                ImageSettings.in(NodeUses.usualDirectory(settings.stateDirectory())));
    }

    Path journal() {
        return settings.stateDirectory().resolve("journal");
    }

    /** What agents were let do and denied. */
    Path auditFolder() {
        return settings.stateDirectory().resolve("audit");
    }

    Path membership() {
        return settings.stateDirectory().resolve("node.json");
    }

    Path token() {
        return settings.stateDirectory().resolve("token");
    }

    /** Where this machine's identity is kept since it joined. */
    Path identity() {
        return settings.stateDirectory().resolve("identity");
    }
}
