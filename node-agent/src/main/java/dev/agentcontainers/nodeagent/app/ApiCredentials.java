package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.JoinSettings;
import dev.agentcontainers.nodeagent.enrolment.Joining;
import dev.agentcontainers.nodeagent.enrolment.NodeCredentials;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.nodeagent.kubernetes.CredentialRenewal;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;

/** With what a node agent comes to the API server. */
sealed interface ApiCredentials {
    /** Configuration of a client that always uses the present credential. */
    Config clientConfig();

    /** Begins to renew the credential before it ends. */
    void keepFresh(KubernetesClient client, String namespace, ScheduledExecutorService timer);

    /** When the present credential ends; empty where it does not. */
    Optional<Instant> expires();

    /** Who this node is to the gateway, as it is at each call; empty where it has not enrolled. */
    Optional<Supplier<NodeIdentity>> identity();

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

        @Override
        public Optional<Supplier<NodeIdentity>> identity() {
            return Optional.empty();
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

        @Override
        public Optional<Supplier<NodeIdentity>> identity() {
            return Optional.of(granted::identity);
        }
    }

    /**
     * Joins anew where this machine is told how to.
     *
     * @return whether it has joined; its new credentials are there for the next start
     */
    default boolean joinAgain(NodeOptions options) throws InterruptedException {
        if (options.join().isEmpty() || identity().isEmpty()) {
            return false;
        }
        return new Joining(
                        new Enrolment(new IdentityFiles(options.identity())),
                        options.join().get(),
                        options.settings().name())
                .attempt()
                .isPresent();
    }

    /**
     * A kubeconfig where one is named, else what was granted when this machine joined, else what is granted now: this
     * waits until the machine has joined.
     *
     * @throws StartException where there are none and this machine is not told how to join
     */
    static ApiCredentials of(NodeOptions options, Clock clock) throws IOException, InterruptedException {
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
        Enrolment enrolment = new Enrolment(files);
        Optional<NodeIdentity> kept = files.load();
        NodeIdentity identity = kept.isPresent() ? kept.get() : join(options, enrolment);
        String name = options.settings().name();
        if (!identity.grant().nodeName().equals(name)) {
            throw new StartException("agentcontainers.node.name is '" + name + "', but this machine joined as '"
                    + identity.grant().nodeName() + "': set that name, or remove it with 'agentctl node reset' first");
        }
        return new FromEnrolment(new NodeCredentials(enrolment, identity, clock));
    }

    private static NodeIdentity join(NodeOptions options, Enrolment enrolment) throws InterruptedException {
        JoinSettings how = options.join()
                .orElseThrow(() -> new StartException("this machine has not joined a fleet (there is no identity in "
                        + options.identity() + "): join it with 'agentctl node join', set"
                        + " agentcontainers.node.join.gateway and what belongs to it, or set"
                        + " agentcontainers.node.kubeconfig to the node's kubeconfig"));
        try {
            return new Joining(enrolment, how, options.settings().name()).await();
        } catch (RefusedException e) {
            throw new StartException("this machine can't join as it is set up: " + e.getMessage());
        }
    }
}
