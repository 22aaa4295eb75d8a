/**
 * What agents use. In: a kubeconfig, which agents. Out: a table, or JSON, of what their nodes tell through the cluster's gateway. Never
 * talks to a node.
 */
@NullMarked
package dev.agentcontainers.cli.top;

import org.jspecify.annotations.NullMarked;
