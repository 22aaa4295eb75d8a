/**
 * Public keys. In: keys as X.509 encodes them, messages, signatures. Out: whether a key's owner signed a message. Knows of no
 * names and of nobody who trusts a key.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.signature.key;

import org.jspecify.annotations.NullMarked;
