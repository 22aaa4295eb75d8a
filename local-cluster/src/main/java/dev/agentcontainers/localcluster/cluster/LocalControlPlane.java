package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.certificates.ClusterCertificates;
import dev.agentcontainers.localcluster.certificates.Kubeconfig;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A running cluster of local processes. */
final class LocalControlPlane implements ControlPlane {

    private final ClusterFolder folder;
    private final ClusterSettings settings;
    private final Runnable onClose;

    LocalControlPlane(ClusterFolder folder, ClusterSettings settings, Runnable onClose) {
        this.folder = folder;
        this.settings = settings;
        this.onClose = onClose;
    }

    @Override
    public Path kubeconfig() {
        return folder.kubeconfig();
    }

    @Override
    public URI apiServer() {
        return settings.apiServer();
    }

    @Override
    public String certificateAuthority() {
        return ClusterCertificates.in(folder.certificates()).serverAuthorityPem();
    }

    @Override
    public Path kubectl() {
        return new ControlPlaneBinaries(settings.binaries()).kubectl();
    }

    @Override
    public Optional<Path> auditLog() {
        return settings.auditLog() ? Optional.of(folder.auditLog()) : Optional.empty();
    }

    @Override
    public Path kubeconfigFor(String user, String... groups) {
        ClusterCertificates certificates = ClusterCertificates.in(folder.certificates());
        List<String> groupList = List.of(groups);
        // A user's name may hold what a file's name may not.
        String identity = user + "\n" + String.join("\n", groupList);
        UUID fileName = UUID.nameUUIDFromBytes(identity.getBytes(StandardCharsets.UTF_8));
        return Kubeconfig.write(
                folder.users().resolve(fileName + ".kubeconfig"),
                settings.apiServer(),
                certificates.serverAuthorityPem(),
                user,
                certificates.client(user, groupList));
    }

    @Override
    public void close() {
        onClose.run();
    }
}
