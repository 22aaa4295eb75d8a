package dev.agentcontainers.operator.authority;

import java.time.Instant;
import java.util.List;

/** Who the other end of a TLS connection is, by its certificate. */
public sealed interface Peer {
    /** It showed no certificate, or one that names neither a node nor a user. */
    record Nobody() implements Peer {}

    /**
     * A node agent.
     *
     * @param name name of its AgentNode
     * @param uid UID of the AgentNode that the certificate was made for
     * @param key fingerprint of its public key
     * @param validUntil when the certificate ends
     */
    record Node(String name, String uid, String key, Instant validUntil) implements Peer {}

    /** A user of the cluster, known by a certificate of the cluster's client authority. */
    record User(String name, List<String> groups) implements Peer {
        public User {
            groups = List.copyOf(groups);
        }
    }
}
