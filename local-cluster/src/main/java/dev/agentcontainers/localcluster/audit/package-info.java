/**
 * What an API server was asked to write. In: the audit log of a control plane. Out: the writes, to be counted. Never
 * changes anything.
 */
@NullMarked
package dev.agentcontainers.localcluster.audit;

import org.jspecify.annotations.NullMarked;
