package dev.agentcontainers.policy.clusternetworkpolicy;

/** A part of a policy means something that is not known here, or nothing. The message begins with its place. */
final class UnreadableException extends Exception {
    UnreadableException(String place, String what) {
        super(place + ": " + what);
    }
}
