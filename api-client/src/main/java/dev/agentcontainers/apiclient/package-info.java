/**
 * The HTTP client with which all programs talk to the API server. In: the client that is there, Fabric8's or Quarkus'. Out: the same,
 * whose requests are sent again, too, where a connection was closed under them. Found by the service loader, so that each
 * KubernetesClient has it.
 */
@NullMarked
package dev.agentcontainers.apiclient;

import org.jspecify.annotations.NullMarked;
