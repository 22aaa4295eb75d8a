package dev.agentcontainers.localcluster.existing;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.certificates.Kubeconfig;
import dev.agentcontainers.localcluster.process.FileTrees;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The cluster that a kubeconfig's current context names. Closing it leaves it as it is. */
public final class ExistingControlPlane implements ControlPlane {
    private static final Pattern SERVICE_ACCOUNT = Pattern.compile("system:serviceaccount:([^:]+):([^:]+)");

    private final Path kubeconfig;
    private final Map<String, String> environment;
    private @Nullable Path credentials;

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

    /**
     * Asks the cluster for a credential: a ServiceAccount's token, else a client certificate. Valid for half a day and deleted on
     * closing.
     *
     * @throws MissingPrerequisiteException where the cluster issues none; the message says why
     */
    @Override
    public Path kubeconfigFor(String user, String... groups) {
        Path file = credentials().resolve(UUID.randomUUID() + ".kubeconfig");
        Matcher serviceAccount = SERVICE_ACCOUNT.matcher(user);
        try (KubernetesClient admin = adminClient()) {
            IssuedCredentials issued = new IssuedCredentials(admin);
            if (serviceAccount.matches()) {
                refuseOtherGroups(user, serviceAccount.group(1), groups);
                String token = issued.token(serviceAccount.group(1), serviceAccount.group(2));
                return Kubeconfig.writeWithToken(file, apiServer(), certificateAuthority(), user, token);
            }
            return Kubeconfig.write(
                    file, apiServer(), certificateAuthority(), user, issued.certificate(user, List.of(groups)));
        }
    }

    private static void refuseOtherGroups(String user, String namespace, String... groups) {
        Set<String> own =
                Set.of("system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated");
        for (String group : groups) {
            if (!own.contains(group)) {
                throw new MissingPrerequisiteException(
                        "an existing cluster gives %s a token, which can't say that it is in group %s: a ServiceAccount's groups are %s"
                                .formatted(user, group, String.join(", ", new TreeSet<>(own))));
            }
        }
    }

    private synchronized Path credentials() {
        if (credentials == null) {
            try {
                // Readable by this user only.
                credentials = Files.createTempDirectory("agentcontainers-existing-");
            } catch (IOException e) {
                throw new UncheckedIOException("cannot make a folder for credentials", e);
            }
        }
        return credentials;
    }

    /** Leaves the cluster as it is; deletes the credentials that were made for it. */
    @Override
    public synchronized void close() {
        if (credentials != null) {
            FileTrees.delete(credentials);
            credentials = null;
        }
    }
}
