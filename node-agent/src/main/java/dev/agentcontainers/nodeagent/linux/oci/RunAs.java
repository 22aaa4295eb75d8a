package dev.agentcontainers.nodeagent.linux.oci;

import java.util.List;
import java.util.Optional;

/**
 * Whom an agent's programs are run as, by ids of its own.
 *
 * @param groups beside {@code group}
 * @param home empty where it is the first workspace that can be written to
 */
record RunAs(int user, int group, List<Integer> groups, Optional<String> home) {
    static final RunAs ROOT = new RunAs(0, 0, List.of(), Optional.empty());

    RunAs {
        groups = List.copyOf(groups);
    }
}
