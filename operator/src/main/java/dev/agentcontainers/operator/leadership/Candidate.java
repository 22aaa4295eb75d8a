package dev.agentcontainers.operator.leadership;

import java.util.Optional;
import java.util.UUID;

/**
 * This process in the election of the leader.
 *
 * @param identity what a Lease says of it
 */
public record Candidate(String identity) {
    /** A restarted process is another candidate: its predecessor's writes may still be under way. */
    public static Candidate named(Optional<String> host) {
        return new Candidate(host.orElse("operator") + "_" + UUID.randomUUID());
    }
}
