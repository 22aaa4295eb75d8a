/**
 * Which cluster a command talks to. In: options, KUBECONFIG, the local fleet. Out: a client configuration. Talks to none
 * itself.
 */
@NullMarked
package dev.agentcontainers.cli.cluster;

import org.jspecify.annotations.NullMarked;
