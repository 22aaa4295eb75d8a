/**
 * A cluster in a container. In: a container engine. Out: a temporary control plane by Kind. Never used
 * where no container engine answers.
 */
@NullMarked
package dev.agentcontainers.localcluster.kind;

import org.jspecify.annotations.NullMarked;
