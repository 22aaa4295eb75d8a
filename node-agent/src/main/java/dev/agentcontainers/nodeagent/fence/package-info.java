/**
 * The interface to egress enforcement. In: compiled rulesets and sandboxes' network namespaces. Out: rules that the
 * kernel has acknowledged. Knows nothing of Kubernetes, of drivers or of how rulesets are compiled.
 */
@NullMarked
package dev.agentcontainers.nodeagent.fence;

import org.jspecify.annotations.NullMarked;
