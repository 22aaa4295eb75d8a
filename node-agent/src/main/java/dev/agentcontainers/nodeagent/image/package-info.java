/**
 * What OCI images are, as values: references, digests, manifests, configurations, platforms. In: text and bytes of
 * strangers. Out: values that have been checked, or a refusal that names what is wrong. Never any I/O.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image;

import org.jspecify.annotations.NullMarked;
