package dev.agentcontainers.operator.enrolment;

import java.util.Optional;

/**
 * Whether a machine may have a node's name: the rule of re-enrolment. A name gives access to the Secrets of the agents
 * that run there, so whoever takes it over must be the same machine, or there must be nothing to take.
 *
 * <p>A free name is given. A name that is taken is given to who holds the key that the node enrolled with, or to whom
 * the API server itself names as that machine. Anyone else gets it only where no node agent lives (its lease has ended)
 * and no agent is assigned there; otherwise an administrator must delete the AgentNode first.
 */
final class NodeAdmission {
    private NodeAdmission() {}

    /**
     * An AgentNode that has the name already.
     *
     * @param key fingerprint of the key that it enrolled with; empty where none ever did
     */
    record Existing(boolean deleting, Optional<String> key, boolean alive, int assignments) {}

    sealed interface Decision {
        record Admit() implements Decision {}

        record Refuse(String reason) implements Decision {}
    }

    static Decision decide(String nodeName, String key, boolean machineNamedByApiServer, Optional<Existing> existing) {
        if (existing.isEmpty()) {
            return new Decision.Admit();
        }
        Existing node = existing.get();
        if (node.deleting()) {
            return refuse(nodeName, "is being deleted: try again when it is gone");
        }
        if (node.key().filter(key::equals).isPresent() || machineNamedByApiServer) {
            return new Decision.Admit();
        }
        if (node.alive()) {
            return refuse(nodeName, "has a living node agent with another key: choose another name");
        }
        if (node.assignments() > 0) {
            return refuse(
                    nodeName,
                    "still has %d assignment(s), and this machine does not hold its key: use the former key, or delete the AgentNode to give its agents up"
                            .formatted(node.assignments()));
        }
        return new Decision.Admit();
    }

    private static Decision refuse(String nodeName, String why) {
        return new Decision.Refuse("AgentNode '" + nodeName + "' exists and " + why);
    }
}
