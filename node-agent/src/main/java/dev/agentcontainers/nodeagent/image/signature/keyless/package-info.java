/**
 * Whether a certificate's owner signed something. In: a trusted root of Sigstore's kind, and what came with a signature: a
 * certificate of Fulcio's, an entry of Rekor's, time stamps. Out: whose signature it is, or why it proves nothing. Asks nobody
 * over a network, and believes nothing but the keys and authorities of the root.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.signature.keyless;

import org.jspecify.annotations.NullMarked;
