/**
 * What a change of policies would do, before it is made. In: the objects that there are, those that would be, and what was
 * recorded. Out: which agents' rulesets change and by what, and which recorded flows and names. Applies nothing.
 */
@NullMarked
package dev.agentcontainers.cli.egress.simulate;

import org.jspecify.annotations.NullMarked;
