package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.gateway.PublishedGateway;
import dev.agentcontainers.cli.machine.NodeRemains;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.protocol.BootstrapToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** One node agent of the fleet, with an identity of its own and places of its own on this machine. */
final class NodeProcess {
    private static final long LOG_LIMIT = 64L << 20;

    private final String name;
    private final FleetPlace place;
    private final FleetLayout layout;
    private final FleetProcess process;
    private final Programs programs;

    NodeProcess(FleetLayout layout, Programs programs, FleetPlace place, String name) {
        this.name = name;
        this.place = place;
        this.layout = layout;
        this.process = new FleetProcess("node-agent", layout.node(name));
        this.programs = programs;
    }

    String name() {
        return name;
    }

    FleetProcess process() {
        return process;
    }

    /** True where it holds an identity. */
    boolean hasJoined() {
        return Files.exists(identity());
    }

    /** Ends the process and forgets who it was; its key stays, so that it may have its name again. */
    void leave() {
        process.stop();
        delete(identity());
        delete(settings().stateDirectory().resolve("node.json"));
    }

    /** Gives it what it joins with, for {@link #forgetInvitation} to take back. */
    void invite(PublishedGateway gateway, BootstrapToken token) {
        try {
            Files.createDirectories(layout.node(name));
            Files.writeString(authority(), gateway.authority());
            Files.deleteIfExists(tokenFile());
            Files.createFile(
                    tokenFile(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(tokenFile(), token.value());
        } catch (IOException e) {
            throw new UncheckedIOException("the token of node agent " + name + " can't be written", e);
        }
    }

    void forgetInvitation() {
        delete(tokenFile());
        delete(authority());
    }

    /**
     * Starts the node agent unless it runs. Where it has not joined, it does so with what it was given.
     *
     * @param more further settings, as variables
     */
    boolean ensure(URI gateway, Map<String, String> more) {
        NodeSettings settings = settings();
        Map<String, String> variables = new HashMap<>(Map.of(
                "AGENTCONTAINERS_NODE_NAME",
                name,
                "AGENTCONTAINERS_NODE_JOIN_GATEWAY",
                gateway.toString(),
                "AGENTCONTAINERS_NODE_JOIN_CA_FILE",
                authority().toString(),
                "AGENTCONTAINERS_NODE_JOIN_TOKEN_FILE",
                tokenFile().toString(),
                "AGENTCONTAINERS_NODE_STATE_DIRECTORY",
                settings.stateDirectory().toString(),
                "AGENTCONTAINERS_NODE_RUN_DIRECTORY",
                settings.runDirectory().toString(),
                "AGENTCONTAINERS_NODE_FIRST_USER_ID",
                Long.toString(settings.firstUserId()),
                "AGENTCONTAINERS_NODE_USER_ID_COUNT",
                Long.toString(settings.userIdCount())));
        variables.putAll(more);
        return process.start(programs.nodeAgent(), variables);
    }

    private Path identity() {
        return settings().stateDirectory().resolve("identity/grant.json");
    }

    private Path authority() {
        return layout.node(name).resolve("gateway-ca.crt");
    }

    private Path tokenFile() {
        return layout.node(name).resolve("join-token");
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " can't be deleted", e);
        }
    }

    private NodeSettings settings() {
        return new NodeSettings(
                name,
                layout.nodeState(name),
                layout.nodeRun(name),
                place.firstUserId(name),
                FleetPlace.USER_IDS_PER_NODE,
                LOG_LIMIT);
    }

    /** Stops the node agent and removes every sandbox, its fence and its files from this machine. */
    boolean reset() {
        process.stop();
        new NodeRemains(settings(), Set.of()).remove();
        FileTrees.delete(layout.node(name));
        return true;
    }
}
