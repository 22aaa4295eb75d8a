package dev.agentcontainers.localcluster.existing;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import io.fabric8.kubernetes.client.Config;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The cluster that a kubeconfig's current context names. Closing it does nothing. */
public final class ExistingControlPlane implements ControlPlane {

    private final Path kubeconfig;
    private final Map<String, String> environment;

    public ExistingControlPlane(Path kubeconfig, Map<String, String> environment) {
        this.kubeconfig = kubeconfig;
        this.environment = Map.copyOf(environment);
    }

    @Override
    public Path kubeconfig() {
        return kubeconfig;
    }

    @Override
    public URI apiServer() {
        return URI.create(adminConfig().getMasterUrl());
    }

    @Override
    public String certificateAuthority() {
        Config config = adminConfig();
        if (config.getCaCertData() != null) {
            return new String(Base64.getMimeDecoder().decode(config.getCaCertData()), StandardCharsets.UTF_8);
        }
        if (config.getCaCertFile() == null) {
            return "";
        }
        try {
            return Files.readString(Path.of(config.getCaCertFile()));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read certificate-authority of " + kubeconfig, e);
        }
    }

    /** The first kubectl of the PATH. */
    @Override
    public Path kubectl() {
        return Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "kubectl"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(
                        () -> new MissingPrerequisiteException(
                                "no kubectl on the PATH: install one that fits the cluster (https://kubernetes.io/docs/tasks/tools/)"));
    }

    @Override
    public Optional<Path> auditLog() {
        return Optional.empty();
    }

    @Override
    public Path kubeconfigFor(String user, String... groups) {
        throw new UnsupportedOperationException(
                "an existing cluster's client authority isn't ours: no credential can be signed for " + user);
    }

    @Override
    public void close() {
        // It isn't ours.
    }
}
