/**
 * A real Kubernetes control plane for tests, the demo and benchmarks. In: what the caller asks for
 * ({@link dev.agentcontainers.localcluster.ControlPlaneOptions}) and what this machine has. Out: a
 * {@link dev.agentcontainers.localcluster.ControlPlane} that answers. Never fakes an API server, and
 * never touches a cluster that it wasn't told to use.
 */
@NullMarked
package dev.agentcontainers.localcluster;

import org.jspecify.annotations.NullMarked;
