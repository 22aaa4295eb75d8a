/**
 * The interface to isolation drivers. In: a resolved {@link dev.agentcontainers.nodeagent.sandbox.SandboxSpec}. Out:
 * sandboxes on this machine and their state. Drivers know nothing of Kubernetes, of policy or of assignments.
 */
@NullMarked
package dev.agentcontainers.nodeagent.driver;

import org.jspecify.annotations.NullMarked;
