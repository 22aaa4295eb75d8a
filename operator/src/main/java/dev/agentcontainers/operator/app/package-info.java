/**
 * The wiring: configuration, the Kubernetes client, leader election, health and metrics. What comes in is configuration,
 * what goes out is a running operator. No decision about an agent or a node is taken here.
 */
@NullMarked
package dev.agentcontainers.operator.app;

import org.jspecify.annotations.NullMarked;
