package dev.agentcontainers.localcluster;

import org.jspecify.annotations.Nullable;

/**
 * One temporary control plane for all tests of this JVM: started at its first use, stopped at the JVM's
 * end. Tests use namespaces of their own, and names of their own for cluster-scoped objects.
 */
public final class SharedControlPlane {

    private static @Nullable ControlPlane started;

    private static @Nullable ControlPlaneException failure;

    private SharedControlPlane() {}

    /** The control plane; the first call starts it, which takes seconds. Closing it does nothing. */
    @SuppressWarnings("StaticAssignmentOfThrowable") // every test shows the one cause
    public static synchronized ControlPlane get() {
        if (failure != null) {
            throw failure; // the same for all tests, without waiting for it again
        }
        if (started == null) {
            try {
                started = new Shared(
                        ControlPlanes.with(ControlPlaneOptions.defaults().withAuditLog())
                                .temporary());
            } catch (ControlPlaneException e) {
                failure = e;
                throw e;
            }
        }
        return started;
    }
}
