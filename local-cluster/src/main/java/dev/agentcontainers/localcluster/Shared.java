package dev.agentcontainers.localcluster;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/** A control plane that no single user may close. */
record Shared(ControlPlane delegate) implements ControlPlane {

    @Override
    public Path kubeconfig() {
        return delegate.kubeconfig();
    }

    @Override
    public URI apiServer() {
        return delegate.apiServer();
    }

    @Override
    public String certificateAuthority() {
        return delegate.certificateAuthority();
    }

    @Override
    public Path kubectl() {
        return delegate.kubectl();
    }

    @Override
    public Optional<Path> auditLog() {
        return delegate.auditLog();
    }

    @Override
    public Path kubeconfigFor(String user, String... groups) {
        return delegate.kubeconfigFor(user, groups);
    }

    @Override
    public void close() {
        // Ends with the JVM.
    }
}
