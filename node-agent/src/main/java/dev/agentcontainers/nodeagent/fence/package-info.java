/**
 * The interface to enforcement of what agents send and what other agents send them. In: compiled rulesets, sandboxes'
 * network namespaces, and what names resolved to. Out: rules that the kernel has acknowledged. Knows nothing of Kubernetes,
 * of drivers, of how rulesets are compiled or of how names are resolved.
 */
@NullMarked
package dev.agentcontainers.nodeagent.fence;

import org.jspecify.annotations.NullMarked;
