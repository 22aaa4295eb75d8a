/**
 * The node agent's side of name resolution. In: rulesets and attachments, as the fence gets them; what the egress proxy asks to
 * have opened. Out: the proxy's configuration, openings that were checked here, a record. Believes nothing that the proxy
 * says: whoever has taken it over opens public addresses at ports of name rules, and nothing else.
 */
@NullMarked
package dev.agentcontainers.nodeagent.names;

import org.jspecify.annotations.NullMarked;
