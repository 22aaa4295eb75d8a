/**
 * Whether an image is signed as its node asks for. In: rules of an administrator's file, manifests, what hosts and the store
 * have of signatures. Out: what proves the image, or why it is refused. Trusts nothing but the keys of the rules, and for
 * identities the roots of trust that they name.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.signature;

import org.jspecify.annotations.NullMarked;
