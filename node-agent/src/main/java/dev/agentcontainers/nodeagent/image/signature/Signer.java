package dev.agentcontainers.nodeagent.image.signature;

/** Whose signatures a rule takes. */
sealed interface Signer permits TrustedKey, TrustedIdentity {
    /** What the rule calls it. */
    String name();

    /** What messages call it, with what it is. */
    String called();
}
