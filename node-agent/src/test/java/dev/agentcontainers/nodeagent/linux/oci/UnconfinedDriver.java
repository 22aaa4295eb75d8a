package dev.agentcontainers.nodeagent.linux.oci;

/**
 * Sandboxes with all capabilities inside their own user namespace and without a system call filter: for tests of other
 * barriers, which must hold without those.
 */
public final class UnconfinedDriver {
    private UnconfinedDriver() {}

    public static OciDriver of(OciSettings settings) {
        return OciDriver.process(settings.unconfinedForTests());
    }
}
