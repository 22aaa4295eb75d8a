package dev.agentcontainers.operator.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.Enrolment.Invitation;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.NodeCredentials;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.protocol.BootstrapSecret.Terms;
import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.client.GatewayTrust;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node that has joined goes on for as long as it likes: one client for the API server, made once at the start, works over
 * every renewal of token and certificate. Gateway and API server are real; the node's clock can be set.
 */
@Tag("cluster")
class RenewalIT {
    private static GatewayCluster cluster;

    @TempDir
    Path folder;

    private final String nodeName = "worker-" + UUID.randomUUID().toString().substring(0, 8);
    private final SetClock clock = new SetClock();
    private final Ticks ticks = new Ticks();
    private NodeIdentity joined;

    /** As far ahead of this machine's as it is set. */
    private static final class SetClock extends Clock {
        private Duration ahead = Duration.ZERO;

        @Override
        public Instant instant() {
            return Instant.now().plus(ahead);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }

    /** Does what is to be repeated when it is told to, and as a scheduler never again once it has thrown. */
    private static final class Ticks extends ScheduledThreadPoolExecutor {
        private Runnable repeated = () -> {
            throw new IllegalStateException("nothing is scheduled");
        };

        Ticks() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long first, long delay, TimeUnit unit) {
            repeated = command;
            return schedule(() -> {}, first, unit);
        }

        void next() {
            repeated.run();
        }
    }

    @BeforeAll
    static void start() {
        cluster = new GatewayCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void join() throws Exception {
        joined = machine()
                .join(new Invitation(
                        cluster.gateway.url(),
                        GatewayTrust.Authority.ofPem(cluster.gateway.authority().certificatePem()),
                        cluster.tokens
                                .create(new Terms(Duration.ofHours(1), nodeName, 1))
                                .value(),
                        nodeName,
                        Map.of()));
    }

    @AfterEach
    void endTicks() {
        ticks.shutdownNow();
    }

    @Test
    void theTokenIsRenewedWhenAThirdOfItsTimeIsLeft() throws Exception {
        NodeCredentials credentials = keptFresh(joined);
        try (KubernetesClient client = client(credentials)) {
            ticks.next();
            clock.ahead = Duration.ofMinutes(35);
            ticks.next();
            assertThat(credentials.identity()).as("what is fresh stays").isSameAs(joined);

            clock.ahead = Duration.ofMinutes(45);
            ticks.next();

            NodeIdentity renewed = credentials.identity();
            assertThat(renewed.grant().token()).isNotEqualTo(joined.grant().token());
            assertThat(renewed.grant().certificate())
                    .as("by the API server, not by the gateway")
                    .isEqualTo(joined.grant().certificate());
            assertThat(client.getConfiguration().getOauthTokenProvider().getToken())
                    .isEqualTo(renewed.grant().token().value());
            works(client);
            assertThat(new IdentityFiles(folder.resolve("identity")).load())
                    .as("what the next start finds")
                    .contains(renewed);
        }
    }

    /** As after a weekend of a laptop: the API server refuses what the node shows, and the gateway helps it on. */
    @Test
    void theSameClientGoesOnAfterATokenThatHasEnded() throws Exception {
        NodeCredentials credentials =
                keptFresh(withToken("not.any.more", Instant.now().minusSeconds(1)));
        try (KubernetesClient client = client(credentials)) {
            isRefused(client);

            ticks.next();

            works(client);
            assertThat(credentials.identity().tokenExpiry()).isAfter(Instant.now());
            assertThat(credentials.identity().certificate().getPublicKey())
                    .isEqualTo(joined.certificate().getPublicKey());
        }
    }

    /** As when the keys that the API server signs with were replaced: the token is good by its date only. */
    @Test
    void theSameClientGoesOnAfterATokenThatIsNotTakenAnyMore() throws Exception {
        NodeCredentials credentials =
                keptFresh(withToken("not.any.more", Instant.now().plusSeconds(600)));
        try (KubernetesClient client = client(credentials)) {
            isRefused(client);

            ticks.next();

            works(client);
        }
    }

    @Test
    void theCertificateIsRenewedByTheGatewayWhenAThirdOfItsTimeIsLeft() throws Exception {
        Duration valid = Duration.between(
                joined.certificate().getNotBefore().toInstant(),
                joined.certificate().getNotAfter().toInstant());
        // Only the certificate is to be due.
        NodeIdentity identity =
                withToken(joined.grant().token().value(), Instant.now().plus(valid.multipliedBy(2)));
        NodeCredentials credentials = keptFresh(identity);
        try (KubernetesClient client = client(credentials)) {
            clock.ahead = valid.dividedBy(2);
            ticks.next();
            assertThat(credentials.identity()).isSameAs(identity);

            clock.ahead = valid.multipliedBy(3).dividedBy(4);
            ticks.next();

            NodeIdentity renewed = credentials.identity();
            assertThat(renewed.certificate().getSerialNumber())
                    .isNotEqualTo(joined.certificate().getSerialNumber());
            assertThat(renewed.certificate().getPublicKey())
                    .isEqualTo(joined.certificate().getPublicKey());
            works(client);
            // And so on: the gateway takes the new one.
            ticks.next();
            assertThat(credentials.identity()).isNotSameAs(renewed);
            works(client);
        }
    }

    @Test
    void aRenewalThatFailsStopsNothingAndIsTriedAgain() throws Exception {
        NodeIdentity ended = withToken("not.any.more", Instant.now().minusSeconds(1));
        NodeCredentials credentials = keptFresh(ended);
        try (KubernetesClient client = client(credentials)) {
            cluster.gateway.close();
            try {
                ticks.next();
                assertThat(credentials.identity()).isSameAs(ended);
            } finally {
                cluster.restartGateway();
            }

            ticks.next();

            works(client);
        }
    }

    private NodeIdentity withToken(String value, Instant end) {
        NodeGrant grant = joined.grant();
        return new NodeIdentity(
                joined.gateway(),
                joined.key(),
                new NodeGrant(
                        grant.nodeName(),
                        grant.namespace(),
                        grant.apiServer(),
                        new NodeGrant.Token(value, end.toString()),
                        grant.certificate(),
                        grant.gatewayAuthority()));
    }

    private NodeCredentials keptFresh(NodeIdentity identity) {
        NodeCredentials credentials = new NodeCredentials(machine(), identity, clock);
        credentials.keepFresh(ticks);
        return credentials;
    }

    private Enrolment machine() {
        return new Enrolment(new IdentityFiles(folder.resolve("identity")));
    }

    private static KubernetesClient client(NodeCredentials credentials) {
        return new KubernetesClientBuilder()
                .withConfig(credentials.clientConfig())
                .build();
    }

    private void works(KubernetesClient client) {
        assertThat(assignments(client)).isEmpty();
    }

    private void isRefused(KubernetesClient client) {
        assertThatThrownBy(() -> assignments(client))
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isEqualTo(401));
    }

    private List<AgentAssignment> assignments(KubernetesClient client) {
        return client.resources(AgentAssignment.class)
                .inNamespace(joined.grant().namespace())
                .list()
                .getItems();
    }
}
