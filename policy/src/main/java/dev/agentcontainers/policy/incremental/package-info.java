/**
 * Rulesets of many policy groups, kept up to date. In: each change of a policy, an endpoint or a namespace's labels. Out: the
 * groups that it concerns, and their rulesets as the compiler makes them. Never compiles what a change does not concern.
 */
@NullMarked
package dev.agentcontainers.policy.incremental;

import org.jspecify.annotations.NullMarked;
