/**
 * This machine as a node outside Kubernetes. In: what an administrator was given to join with. Out: an identity, a service
 * that runs the node agent, and their removal without a trace. Removal needs no API server.
 */
@NullMarked
package dev.agentcontainers.cli.node;

import org.jspecify.annotations.NullMarked;
