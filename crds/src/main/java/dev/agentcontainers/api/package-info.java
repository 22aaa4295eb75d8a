/**
 * The cluster-scoped manifests that make up the API. In: nothing. Out: YAML in the order in which it is applied. Never
 * applies anything.
 */
@NullMarked
package dev.agentcontainers.api;

import org.jspecify.annotations.NullMarked;
