package dev.agentcontainers.operator.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.nodeagent.enrolment.Enrolment;
import dev.agentcontainers.nodeagent.enrolment.Enrolment.Invitation;
import dev.agentcontainers.nodeagent.enrolment.IdentityFiles;
import dev.agentcontainers.nodeagent.enrolment.JoinSettings;
import dev.agentcontainers.nodeagent.enrolment.Joining;
import dev.agentcontainers.nodeagent.enrolment.NodeCredentials;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.protocol.BootstrapSecret.Terms;
import dev.agentcontainers.protocol.BootstrapToken;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayTrust;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Joining with a real gateway and a real API server, and the attacks on it. */
@Tag("cluster")
class EnrolmentIT {
    private static GatewayCluster cluster;

    @TempDir
    Path folder;

    private final String nodeName = "worker-" + UUID.randomUUID().toString().substring(0, 8);

    @BeforeAll
    static void start() {
        cluster = new GatewayCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void aMachineJoinsWithATokenAndTheHashOfTheAuthority() throws Exception {
        NodeIdentity identity = join(machine("a"), token("worker-*", 1), nodeName);

        assertThat(identity.grant().namespace()).isEqualTo("agentnode-" + nodeName);
        try (KubernetesClient node = clientOf(identity)) {
            assertThat(node.secrets()
                            .inNamespace("agentnode-" + nodeName)
                            .list()
                            .getItems())
                    .isEmpty();
        }
        Path grant = folder.resolve("a/grant.json");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(grant)))
                .isEqualTo("rw-------");
        assertThat(new IdentityFiles(folder.resolve("a")).load()).contains(identity);
    }

    /** As a machine does that is told how to join before anybody has made what it needs. */
    @Test
    void aMachineWaitsForAuthorityAndTokenAndTriesAgain() throws Exception {
        Path authority = folder.resolve("authority");
        Path token = folder.resolve("token");
        Joining joining = new Joining(
                machine("waiting"),
                new JoinSettings(
                        gateway(), new JoinSettings.TrustSource.AuthorityFile(authority), token, Map.of("pool", "a")),
                nodeName);
        Future<NodeIdentity> joined;
        try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
            joined = thread.submit(joining::await);
            Files.writeString(token, "abcdef.0123456789abcdef\n");
            Files.writeString(
                    authority, cluster.gateway.authority().certificatePem().replace("A", "B"));
            await().during(Duration.ofSeconds(2)).atMost(Duration.ofSeconds(30)).until(() -> !joined.isDone());
            Files.writeString(authority, cluster.gateway.authority().certificatePem());
            await().during(Duration.ofSeconds(2)).atMost(Duration.ofSeconds(30)).until(() -> !joined.isDone());
            Files.writeString(token, token(nodeName, 1).value() + "\n");
        }
        assertThat(joined.get().grant().nodeName()).isEqualTo(nodeName);
        AgentNode node =
                cluster.admin.resources(AgentNode.class).withName(nodeName).get();
        assertThat(node.getMetadata().getLabels()).containsEntry("pool", "a");
    }

    @Test
    void aLabelThatNobodyMayGiveItselfEndsTheWaiting() throws Exception {
        Path authority = Files.writeString(
                folder.resolve("authority"), cluster.gateway.authority().certificatePem());
        Path token = Files.writeString(folder.resolve("token"), token("*", 1).value());
        Joining joining = new Joining(
                machine("waiting"),
                new JoinSettings(
                        gateway(),
                        new JoinSettings.TrustSource.AuthorityFile(authority),
                        token,
                        Map.of("kubernetes.io/role", "control-plane")),
                nodeName);
        assertThatThrownBy(joining::await)
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("kubernetes.io/role");
    }

    @Test
    void aCertificateIsRenewedByTheGatewayAndATokenWithIt() throws Exception {
        Enrolment machine = machine("a");
        NodeIdentity first = join(machine, token("*", 1), nodeName);
        NodeIdentity second = machine.renew(first);

        assertThat(second.grant().certificate()).isNotEqualTo(first.grant().certificate());
        assertThat(second.certificate().getPublicKey())
                .isEqualTo(first.certificate().getPublicKey());
        try (KubernetesClient node = clientOf(second)) {
            assertThat(node.configMaps()
                            .inNamespace(second.grant().namespace())
                            .list()
                            .getItems())
                    .isNotEmpty();
        }
    }

    @Test
    void attackWrongToken() {
        BootstrapToken token = token("*", 1);
        BootstrapToken wrong = new BootstrapToken(token.id(), "0".repeat(16));

        refused(machine("a"), wrong.value(), 401, "not valid");
        refused(machine("a"), "abcdef.0123456789abcdef", 401, "not valid");
        refused(machine("a"), "what-is-this", 401, "neither a bootstrap token");
    }

    @Test
    void attackExpiredToken() {
        BootstrapToken token = cluster.tokens.create(new Terms(Duration.ofHours(1), "*", 1));
        cluster.admin
                .secrets()
                .inNamespace(cluster.namespace)
                .withName("agentcontainers-bootstrap-" + token.id())
                .edit(secret -> new SecretBuilder(secret)
                        .addToStringData("expiration", "2020-01-01T00:00:00Z")
                        .build());

        refused(machine("a"), token.value(), 401, "not valid");
    }

    @Test
    void attackReusedToken() throws Exception {
        BootstrapToken token = token("*", 1);
        Enrolment machine = machine("a");
        join(machine, token, nodeName);

        refused(machine("b"), token.value(), nodeName + "-other", 401, "used 1 of 1 times");
        // The machine itself may try again: its answer may have been lost.
        assertThat(join(machine, token, nodeName).grant().nodeName()).isEqualTo(nodeName);
    }

    @Test
    void attackNameOutsideThePattern() {
        refused(machine("a"), token("edge-*", 1).value(), 403, "must match 'edge-*'");
    }

    @Test
    void attackTakingTheNameOfALivingNode() throws Exception {
        NodeIdentity victim = join(machine("a"), token("*", 1), nodeName);
        heartbeat(victim, ZonedDateTime.now(ZoneOffset.UTC));

        refused(machine("b"), token("*", 1).value(), 409, "living node agent with another key");
    }

    @Test
    void attackTakingTheSecretsOfADeadNode() throws Exception {
        NodeIdentity victim = join(machine("a"), token("*", 1), nodeName);
        heartbeat(victim, ZonedDateTime.now(ZoneOffset.UTC).minusHours(1));
        assign(victim.grant().namespace());

        refused(machine("b"), token("*", 1).value(), 409, "still has 1 assignment(s)");
    }

    @Test
    void aDeadNodeWithoutWorkIsReplacedAndItsFormerCertificateEnds() throws Exception {
        Enrolment former = machine("a");
        NodeIdentity old = join(former, token("*", 1), nodeName);
        heartbeat(old, ZonedDateTime.now(ZoneOffset.UTC).minusHours(1));
        NodeIdentity replacement = join(machine("b"), token("*", 1), nodeName);

        assertThat(replacement.grant().namespace()).isEqualTo(old.grant().namespace());
        assertThatThrownBy(() -> former.renew(old))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(403))
                .hasMessageContaining("another key");
    }

    @Test
    void attackCertificateOfADeletedNode() throws Exception {
        Enrolment machine = machine("a");
        NodeIdentity identity = join(machine, token("*", 1), nodeName);
        cluster.admin.resources(AgentNode.class).withName(nodeName).delete();

        assertThatThrownBy(() -> machine.renew(identity))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(403))
                .hasMessageContaining("was deleted");
    }

    @Test
    void attackGatewayThatIsNotTheOneNamed() {
        String otherHash = "sha256:" + "0".repeat(64);
        assertThatThrownBy(() -> machine("a")
                        .join(new Invitation(
                                gateway(),
                                new GatewayTrust.AuthorityHash(otherHash),
                                token("*", 1).value(),
                                nodeName,
                                Map.of())))
                .isInstanceOf(SSLException.class)
                .hasMessageContaining("no authority whose key has the hash");
    }

    @Test
    void attackGatewayUnderAnotherName() {
        URI otherName = URI.create("https://127.0.0.2:" + gateway().getPort());
        assertThatThrownBy(() -> machine("a")
                        .join(new Invitation(otherName, trust(), token("*", 1).value(), nodeName, Map.of())))
                .isInstanceOf(IOException.class);
    }

    @Test
    void attackLabelsThatAdministratorsRelyOn() {
        assertThatThrownBy(() -> machine("a")
                        .join(new Invitation(
                                gateway(),
                                trust(),
                                token("*", 1).value(),
                                nodeName,
                                Map.of("trusted.agentcontainers.dev/zone", "secure"))))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("labels['trusted.agentcontainers.dev/zone']");
    }

    @ParameterizedTest
    @CsvSource({
        "zone, a/b, labels['zone'] is 'a/b'",
        "zone, -a, labels['zone'] is '-a'",
        "a b, c, labels['a b'] is no name of a label",
        "example.org/, c, labels['example.org/'] is no name of a label",
        "Example.org/zone, c, labels['Example.org/zone'] is no name of a label",
    })
    void aLabelThatIsNoneIsRefusedByName(String label, String value, String message) {
        assertThatThrownBy(() -> machine("a")
                        .join(new Invitation(
                                gateway(), trust(), token("*", 1).value(), nodeName, Map.of(label, value))))
                .isInstanceOfSatisfying(
                        RefusedException.class,
                        refused -> assertThat(refused.code()).isEqualTo(422))
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({"UPPER, nodeName must be", "a/b, nodeName must be", "'', nodeName is missing"})
    void badNames(String name, String message) {
        refused(machine("a"), token("*", 1).value(), name, 422, message);
    }

    @Test
    void aServiceAccountTokenForTheRightAudienceJoins() throws Exception {
        String token = serviceAccountToken("enroller", "agentcontainers-enrolment");

        assertThat(join(machine("a"), token, nodeName).grant().nodeName()).isEqualTo(nodeName);
    }

    @Test
    void attackServiceAccountTokens() {
        refused(machine("a"), serviceAccountToken("enroller", "something-else"), 401, "neither a bootstrap token");
        refused(machine("a"), serviceAccountToken("stranger", "agentcontainers-enrolment"), 403, "may not enrol nodes");
    }

    @ParameterizedTest(name = "a node may {1} {2} in {4} named {3}: {5}")
    @CsvSource(
            nullValues = "-",
            value = {
                // group, verb, resource, name, namespace, allowed
                "agentcontainers.dev, list, agentassignments, -, own, true",
                "'', get, secrets, x, own, true",
                "'', create, serviceaccounts/token, node-agent, own, true",
                "agentcontainers.dev, patch, agentnodes/status, own, -, true",
                "agentcontainers.dev, get, agentnodes, own, -, false",
                "agentcontainers.dev, get, agentnodes, x, -, false",
                "agentcontainers.dev, get, agentnodes/status, x, -, false",
                "agentcontainers.dev, list, agentnodes, -, -, false",
                "agentcontainers.dev, list, agentassignments, -, other, false",
                "'', get, secrets, x, other, false",
                "'', get, secrets, x, default, false",
                "'', list, secrets, -, -, false",
                "'', list, secrets, -, kube-system, false",
                "'', create, serviceaccounts/token, node-agent, other, false",
                "'', create, serviceaccounts/token, default, own, false",
                "'', create, secrets, -, own, false",
                "'', create, pods, -, own, false",
                "'', list, namespaces, -, -, false",
                "'', list, nodes, -, -, false",
                "agentcontainers.dev, get, agentcontainers, x, default, false",
                "agentcontainers.dev, list, agentcontainers, -, -, false",
                "agentcontainers.dev, create, agentnodes, -, -, false",
                "agentcontainers.dev, delete, agentnodes, own, -, false",
                "agentcontainers.dev, update, agentnodes, own, -, false",
                "agentcontainers.dev, create, agentassignments, -, own, false",
                "agentcontainers.dev, delete, agentassignments, x, own, false",
                "agentcontainers.dev, create, agentcontainers/exec, x, default, false",
                "agentcontainers.dev, get, agentcontainers/log, x, default, false",
                "agentcontainers.dev, get, agentcontainers/egress, x, default, false",
                "rbac.authorization.k8s.io, create, clusterrolebindings, -, -, false",
                "rbac.authorization.k8s.io, create, rolebindings, -, own, false"
            })
    void whatANodesCredentialMay(
            String group, String verb, String resource, String name, String namespace, boolean allowed)
            throws Exception {
        Nodes nodes = Nodes.pair(this);
        try (KubernetesClient node = clientOf(nodes.own())) {
            String[] parts = resource.split("/", 2);
            Boolean answer = node.resource(new SelfSubjectAccessReviewBuilder()
                            .withNewSpec()
                            .withNewResourceAttributes()
                            .withGroup(group)
                            .withResource(parts[0])
                            .withSubresource(parts.length > 1 ? parts[1] : null)
                            .withVerb(verb)
                            .withName("own".equals(name) ? nodes.own().grant().nodeName() : name)
                            .withNamespace(nodes.namespace(namespace))
                            .endResourceAttributes()
                            .endSpec()
                            .build())
                    .create()
                    .getStatus()
                    .getAllowed();
            assertThat(answer).isEqualTo(allowed);
        }
    }

    @Test
    void attackReadingAnotherNodesNamespaceForReal() throws Exception {
        Nodes nodes = Nodes.pair(this);
        try (KubernetesClient node = clientOf(nodes.own())) {
            forbidden(() -> node.secrets()
                    .inNamespace(nodes.other().grant().namespace())
                    .list());
            forbidden(() -> node.resources(AgentAssignment.class)
                    .inNamespace(nodes.other().grant().namespace())
                    .list());
            forbidden(() -> node.secrets().inNamespace("default").list());
            forbidden(() -> node.resources(AgentNode.class).list());
            forbidden(() -> node.resources(AgentNode.class)
                    .withName(nodes.other().grant().nodeName())
                    .subresource("status")
                    .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"status\":{\"kernelVersion\":\"forged\"}}"));
        }
    }

    /** Two nodes, made once for all questions of the table. */
    private record Nodes(NodeIdentity own, NodeIdentity other) {
        private static @Nullable Nodes pair;

        static synchronized Nodes pair(EnrolmentIT test) throws Exception {
            Nodes made = pair;
            if (made == null) {
                made = new Nodes(
                        test.join(test.machine("own"), test.token("*", 1), test.nodeName + "-own"),
                        test.join(test.machine("other"), test.token("*", 1), test.nodeName + "-other"));
                pair = made;
            }
            return made;
        }

        String namespace(String which) {
            return "own".equals(which)
                    ? own.grant().namespace()
                    : "other".equals(which) ? other.grant().namespace() : which;
        }
    }

    private static void forbidden(org.assertj.core.api.ThrowableAssert.ThrowingCallable request) {
        assertThatThrownBy(request)
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(403));
    }

    private void refused(Enrolment machine, String bearer, int code, String message) {
        refused(machine, bearer, nodeName, code, message);
    }

    private void refused(Enrolment machine, String bearer, String name, int code, String message) {
        assertThatThrownBy(() -> join(machine, bearer, name))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    private NodeIdentity join(Enrolment machine, BootstrapToken token, String name) throws Exception {
        return join(machine, token.value(), name);
    }

    private NodeIdentity join(Enrolment machine, String bearer, String name) throws Exception {
        return machine.join(new Invitation(gateway(), trust(), bearer, name, Map.of()));
    }

    private Enrolment machine(String name) {
        return new Enrolment(new IdentityFiles(folder.resolve(name)));
    }

    private BootstrapToken token(String nodeNames, int uses) {
        return cluster.tokens.create(new Terms(Duration.ofHours(1), nodeNames, uses));
    }

    private static URI gateway() {
        return cluster.gateway.url();
    }

    private static GatewayTrust trust() {
        return new GatewayTrust.AuthorityHash(
                Pem.fingerprint(cluster.gateway.authority().certificate().getPublicKey()));
    }

    private static KubernetesClient clientOf(NodeIdentity identity) {
        NodeCredentials credentials =
                new NodeCredentials(new Enrolment(new IdentityFiles(Path.of("unused"))), identity, Clock.systemUTC());
        return new KubernetesClientBuilder()
                .withConfig(credentials.clientConfig())
                .build();
    }

    private static String serviceAccountToken(String name, String audience) {
        cluster.admin
                .resource(new ServiceAccountBuilder()
                        .withNewMetadata()
                        .withNamespace(cluster.namespace)
                        .withName(name)
                        .endMetadata()
                        .build())
                .serverSideApply();
        return cluster.admin
                .serviceAccounts()
                .inNamespace(cluster.namespace)
                .withName(name)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withAudiences(audience)
                        .withExpirationSeconds(600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
    }

    private static void heartbeat(NodeIdentity identity, ZonedDateTime at) {
        cluster.admin
                .resource(new LeaseBuilder()
                        .withNewMetadata()
                        .withNamespace(identity.grant().namespace())
                        .withName("node")
                        .endMetadata()
                        .withNewSpec()
                        .withHolderIdentity("test")
                        .withLeaseDurationSeconds(40)
                        .withRenewTime(at)
                        .endSpec()
                        .build())
                .create();
    }

    private static void assign(String namespace) {
        cluster.admin
                .resource(assignment(namespace, UUID.randomUUID().toString()))
                .create();
    }

    static AgentAssignment assignment(String namespace, String uid) {
        return Serialization.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentAssignment
                metadata: {name: %s, namespace: %s}
                spec:
                  agent: {namespace: default, name: x, uid: %s, generation: 1}
                  epoch: 1
                  driver: {className: process, name: process}
                  command: ["true"]
                  resources: {}
                  lifecycle: {}
                  policyGroup: group
                """.formatted(uid, namespace, uid), AgentAssignment.class);
    }
}
