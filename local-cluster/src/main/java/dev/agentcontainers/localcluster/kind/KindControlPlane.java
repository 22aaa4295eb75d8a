package dev.agentcontainers.localcluster.kind;

import com.dajudge.kindcontainer.KindContainer;
import com.dajudge.kindcontainer.KindContainerVersion;
import com.dajudge.kindcontainer.KubernetesVersionEnum;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.certificates.CertificateAuthority;
import dev.agentcontainers.localcluster.certificates.Kubeconfig;
import dev.agentcontainers.localcluster.certificates.PrivateFiles;
import dev.agentcontainers.localcluster.existing.ExistingControlPlane;
import dev.agentcontainers.localcluster.process.FileTrees;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A Kind cluster in a container, which ends with this JVM. Its Kubernetes is the newest that the library
 * knows, which may be older than the binaries'.
 */
public final class KindControlPlane implements ControlPlane {

    private static final String AUTHORITIES = "/etc/kubernetes/pki/";

    private final KindContainer<?> container;
    private final Path folder;
    private final ExistingControlPlane cluster;

    private KindControlPlane(KindContainer<?> container, Path folder, ExistingControlPlane cluster) {
        this.container = container;
        this.folder = folder;
        this.cluster = cluster;
    }

    /** Starts the container, fetching its image where it is missing, and waits until its node is ready. */
    public static KindControlPlane start(ControlPlaneOptions options) {
        refuseWhatKindCannot(options);
        KindContainerVersion version = KubernetesVersionEnum.latest(KindContainerVersion.class);
        options.progress()
                .accept("starting a container of " + version.toImageSpec().getImage());
        KindContainer<?> container = new KindContainer<>(version);
        Path folder = temporaryFolder();
        try {
            container.start();
            Path kubeconfig = PrivateFiles.write(folder.resolve("kubeconfig"), container.getKubeconfig());
            copyKubectl(container, folder.resolve("kubectl"));
            return new KindControlPlane(container, folder, new ExistingControlPlane(kubeconfig, System.getenv()));
        } catch (IOException | RuntimeException e) {
            FileTrees.delete(folder);
            container.stop();
            throw new ControlPlaneFailedException("Kind doesn't start: " + e.getMessage(), e);
        }
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("agentcontainers-kind-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void refuseWhatKindCannot(ControlPlaneOptions options) {
        if (options.apiServerPort().isPresent() || !options.apiServerArguments().isEmpty()) {
            throw new MissingPrerequisiteException(
                    "Kind in a container takes neither a port nor arguments for its API server: choose another provider");
        }
    }

    private static void copyKubectl(KindContainer<?> container, Path target) throws IOException {
        container.copyFileFromContainer(
                "/usr/bin/kubectl",
                (InputStream content) -> Files.copy(content, target, StandardCopyOption.REPLACE_EXISTING));
        if (!target.toFile().setExecutable(true)) {
            throw new IOException("cannot make " + target + " executable");
        }
    }

    @Override
    public Path kubeconfig() {
        return cluster.kubeconfig();
    }

    @Override
    public URI apiServer() {
        return cluster.apiServer();
    }

    @Override
    public String certificateAuthority() {
        return cluster.certificateAuthority();
    }

    /** The container's own kubectl, which runs here only where this machine is Linux too. */
    @Override
    public Path kubectl() {
        return System.getProperty("os.name").equals("Linux") ? folder.resolve("kubectl") : cluster.kubectl();
    }

    @Override
    public Optional<Path> auditLog() {
        return Optional.empty();
    }

    @Override
    public Path kubeconfigFor(String user, String... groups) {
        CertificateAuthority authority = CertificateAuthority.of(read("ca.crt"), read("ca.key"));
        return Kubeconfig.write(
                folder.resolve(UUID.randomUUID() + ".kubeconfig"),
                apiServer(),
                certificateAuthority(),
                user,
                authority.client(user, List.of(groups)));
    }

    private String read(String name) {
        try {
            return container.copyFileFromContainer(
                    AUTHORITIES + name, content -> new String(content.readAllBytes(), StandardCharsets.UTF_8));
        } catch (RuntimeException e) {
            throw new ControlPlaneFailedException("cannot read " + name + " of the Kind container", e);
        }
    }

    @Override
    public void close() {
        container.stop();
        FileTrees.delete(folder);
    }
}
