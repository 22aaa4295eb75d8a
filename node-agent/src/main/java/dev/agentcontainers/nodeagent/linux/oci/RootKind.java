package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;

/** What the agents of a driver stand on. */
enum RootKind {
    HOST("process", IsolationLevel.Process, DriverFeature.HOST_ROOT),
    IMAGE("container", IsolationLevel.Container, DriverFeature.IMAGE);

    private final String driver;
    private final IsolationLevel level;
    private final String feature;

    RootKind(String driver, IsolationLevel level, String feature) {
        this.driver = driver;
        this.level = level;
        this.feature = feature;
    }

    String driver() {
        return driver;
    }

    IsolationLevel level() {
        return level;
    }

    /** By which placement knows it. */
    String feature() {
        return feature;
    }

    void require(SandboxRoot root) throws SandboxException {
        String problem = switch (root) {
            case SandboxRoot.Host _ when this == IMAGE -> "is not set, and the driver container needs an image";
            case SandboxRoot.Image _
            when this == HOST ->
                "is set, but the driver process runs the node's own programs: use an IsolationClass whose driver"
                        + " runs images, for example container";
            case SandboxRoot.Host _, SandboxRoot.Image _ -> "";
        };
        if (!problem.isEmpty()) {
            throw new SandboxException(Step.PREPARE, Kind.UNSUPPORTED, "spec.image " + problem);
        }
    }
}
