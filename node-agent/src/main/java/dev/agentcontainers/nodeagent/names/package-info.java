/**
 * The node agent's side of the egress proxy. In: rulesets and attachments, as the fence gets them; what the proxy asks to have
 * opened, certified and charged to budgets. Out: the proxy's configuration, openings, certificates and loans that were checked here, a
 * record. Believes nothing that the proxy says: whoever has taken it over opens public addresses at ports of name rules, has names
 * certified that are decrypted anyway, uses up budgets of what is relayed, and nothing else.
 */
@NullMarked
package dev.agentcontainers.nodeagent.names;

import org.jspecify.annotations.NullMarked;
