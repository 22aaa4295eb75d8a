package dev.agentcontainers.nodeagent.image.signature;

import dev.agentcontainers.nodeagent.image.Digest;

/** What became of a signature's verification. */
sealed interface Verdict {
    /**
     * Somebody whom the rule trusts has signed one of the image's manifests.
     *
     * @param manifest that is signed
     */
    record Signed(Signer signer, Digest manifest) implements Verdict {}

    /** @param why the signature does not count, for people; may quote strangers, shortened */
    record Unproven(String why) implements Verdict {}
}
