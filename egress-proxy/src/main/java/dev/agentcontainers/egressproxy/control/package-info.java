/**
 * The connection to the node agent, which says who may resolve what, opens addresses, lends of budgets and keeps the record. In: messages. Out:
 * messages. Where the node agent is away nothing is opened, and it is looked for again.
 */
@NullMarked
package dev.agentcontainers.egressproxy.control;

import org.jspecify.annotations.NullMarked;
