package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.NodeCredentials;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.nodeagent.kubernetes.CredentialRenewal;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;

/** With what a node agent comes to the API server. */
sealed interface ApiCredentials {
    /** Configuration of a client that always uses the present credential. */
    Config clientConfig();

    /** Begins to renew the credential before it ends. */
    void keepFresh(KubernetesClient client, String namespace, ScheduledExecutorService timer);

    /** When the present credential ends; empty where it does not. */
    Optional<Instant> expires();

    /** A kubeconfig; its token, if it uses one, is renewed at the API server. */
    record FromKubeconfig(CredentialRenewal renewal) implements ApiCredentials {
        @Override
        public Config clientConfig() {
            return renewal.clientConfig();
        }

        @Override
        public void keepFresh(KubernetesClient client, String namespace, ScheduledExecutorService timer) {
            renewal.start(client, namespace, timer);
        }

        @Override
        public Optional<Instant> expires() {
            return renewal.expires();
        }
    }

    /** What the gateway granted when this machine joined. */
    record FromEnrolment(NodeCredentials granted) implements ApiCredentials {
        @Override
        public Config clientConfig() {
            return granted.clientConfig();
        }

        @Override
        public void keepFresh(KubernetesClient client, String namespace, ScheduledExecutorService timer) {
            granted.keepFresh(timer);
        }

        @Override
        public Optional<Instant> expires() {
            return Optional.of(granted.identity().tokenExpiry());
        }
    }

    /** @throws StartException where there are none */
    static ApiCredentials of(NodeOptions options, Clock clock) throws IOException {
        if (options.kubeconfig().isPresent()) {
            Path kubeconfig = options.kubeconfig().get();
            if (!Files.isReadable(kubeconfig)) {
                throw new StartException("agentcontainers.node.kubeconfig names " + kubeconfig
                        + ", which is not a readable file: name the node's kubeconfig");
            }
            return new FromKubeconfig(
                    new CredentialRenewal(Config.fromKubeconfig(kubeconfig.toFile()), options.token(), clock));
        }
        IdentityFiles files = new IdentityFiles(options.identity());
        NodeIdentity identity = files.load()
                .orElseThrow(() -> new StartException("this machine has not joined a fleet (there is no identity in "
                        + options.identity() + "): join it with 'agentctl node join', or set"
                        + " agentcontainers.node.kubeconfig to the node's kubeconfig"));
        return new FromEnrolment(new NodeCredentials(new Enrolment(files), identity, clock));
    }
}
