package dev.agentcontainers.operator.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.audit.AuditRecord;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import dev.agentcontainers.protocol.AgentUsage;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.TerminalSize;
import dev.agentcontainers.protocol.client.ClientTls;
import dev.agentcontainers.protocol.client.ClientTls.ClientCertificate;
import dev.agentcontainers.protocol.client.GatewayHttp;
import dev.agentcontainers.protocol.client.GatewayTrust;
import dev.agentcontainers.protocol.client.MessageSocket;
import dev.agentcontainers.protocol.client.MessageSocket.Event;
import dev.agentcontainers.protocol.names.NameVerdict;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.client.Config;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs and exec through a real gateway, with a real API server to decide and a real node agent's connection. */
@Tag("cluster")
class GatewayIT {
    private static final String NAMESPACE =
            "team-" + UUID.randomUUID().toString().substring(0, 8);
    private static final int LONGEST = StreamFrame.MAXIMUM_LENGTH;

    @TempDir
    static Path folder;

    private static GatewayCluster cluster;
    private static StreamNode node;

    private final String name = "agent-" + UUID.randomUUID().toString().substring(0, 8);

    @BeforeAll
    static void start() throws Exception {
        cluster = new GatewayCluster();
        cluster.admin
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
        node = new StreamNode(cluster, "streams-" + NAMESPACE, folder);
        node.connection.start();
        await().atMost(GatewayCluster.PATIENCE).until(node.connection::isConnected);
        bind("viewer", "agentcontainers-view");
        bind("administrator", "agentcontainers-view");
        bind("administrator", "agentcontainers-admin");
    }

    @AfterAll
    static void stop() throws Exception {
        node.close();
        cluster.admin.namespaces().withName(NAMESPACE).delete();
        cluster.close();
    }

    @Test
    void logOfAnAgent() throws Exception {
        SandboxId id = running();
        write(id, "2026-01-01T00:00:00.000000001Z stdout F one\n2026-01-01T00:00:01Z stderr F two\n");

        assertThat(log("viewer", "")).isEqualTo("one\ntwo\n");
        assertThat(log("viewer", "?tailLines=1&timestamps=true")).isEqualTo("2026-01-01T00:00:01Z two\n");
        assertThat(log("viewer", "?sinceSeconds=3600")).isEmpty();
    }

    @Test
    void logThatIsFollowedUntilTheAgentIsFinished() throws Exception {
        SandboxId id = running();
        try (GatewayHttp user = user("viewer");
                InputStream stream = user.get(path("log?follow=true"))) {
            write(id, "2026-01-01T00:00:00Z stdout F first\n");
            assertThat(new String(stream.readNBytes(6), StandardCharsets.UTF_8)).isEqualTo("first\n");
            write(id, "2026-01-01T00:00:00Z stdout F second\n");
            node.finished.add(id);
            assertThat(new String(stream.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("second\n");
        }
    }

    @Test
    void egressOfAnAgentUntilItIsFinished() throws Exception {
        SandboxId id = running();
        try (GatewayHttp user = user("viewer");
                InputStream all = user.get(path("egress"));
                InputStream denied = user.get(path("egress?denied=true"))) {
            tell(id, NameVerdict.RESOLVED, "www.example.org");
            tell(new SandboxId("another"), NameVerdict.DENIED, "another.example.org");
            tell(id, NameVerdict.DENIED, "denied.example.org");
            node.finished.add(id);
            assertThat(new String(all.readAllBytes(), StandardCharsets.UTF_8).lines())
                    .hasSize(2)
                    .first()
                    .asString()
                    .contains("\"hostname\":\"www.example.org\"");
            assertThat(new String(denied.readAllBytes(), StandardCharsets.UTF_8).lines())
                    .singleElement()
                    .asString()
                    .contains("\"hostname\":\"denied.example.org\"");
        }
        refused("viewer", "egress?denied=perhaps", 400, "query parameter 'denied' is 'perhaps'");
    }

    @Test
    void usageOfAnAgentAndWhyThereIsNone() throws Exception {
        SandboxId id = running();
        refused("stranger", "usage", 403, "user 'stranger' cannot get resource 'agentcontainers/usage'");
        refused("administrator", "snapshot", 409, "is not suspended: its phase on the node is Running");
        refused("viewer", "usage", 409, "the agent does not run on its node");
        node.driver.stats.put(
                id,
                new SandboxStats(
                        Instant.EPOCH,
                        Instant.EPOCH,
                        "1",
                        OptionalLong.of(7),
                        OptionalLong.of(500),
                        OptionalLong.of(50 << 20),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.of(3),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.of(0)));
        String line = get("viewer", path("usage"));
        assertThat(line).endsWith("}\n").doesNotContain("memoryLimit").doesNotContain("storage");
        AgentUsage usage = Json.parse(line, AgentUsage.class);
        assertThat(usage.cpuMillis()).isZero();
        assertThat(usage.intervalMillis()).isGreaterThanOrEqualTo(1000);
        assertThat(usage.cpuLimitMillis()).isEqualTo(500);
        assertThat(usage.memoryBytes()).isEqualTo(50 << 20);
        assertThat(usage.processes()).isEqualTo(3);
        assertThat(usage.outOfMemoryKills()).isZero();
        refused("viewer", "usage?watch=true", 400, "query parameter 'watch' is not known here: use none");
        node.forget(id);
        refused("viewer", "usage", 409, "the agent is not on this node");
    }

    private static void tell(SandboxId id, NameVerdict verdict, String asked) {
        AuditSubject subject = new AuditSubject(
                id, new AuditSubject.Agent(NAMESPACE, "agent", id.value()), "100.80.0.2", "group", "hash", List.of());
        node.trail.take(new AuditRecord.NameDecided(
                Instant.now(),
                Optional.of(subject),
                "100.80.0.2",
                asked,
                "A",
                verdict,
                Optional.empty(),
                List.of(),
                Duration.ZERO));
    }

    @Test
    void aLongLogComesWhole() throws Exception {
        SandboxId id = running();
        String line = "2026-01-01T00:00:00Z stdout F " + "x".repeat(1000) + "\n";
        write(id, line.repeat(20_000));

        assertThat(log("viewer", "")).hasSize(20_000 * 1001);
    }

    @Test
    void execWithInputOutputErrorsAndExitCode() throws Exception {
        running();
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = exec(user, "?stdin=true", "sh", "-c", "cat; echo oops >&2; exit 7")) {
            socket.send(new StreamFrame.Input("hello ".getBytes(StandardCharsets.UTF_8)).encoded());
            socket.send(new StreamFrame.Input("world".getBytes(StandardCharsets.UTF_8)).encoded());
            socket.send(new StreamFrame.CloseInput().encoded());

            Outcome outcome = outcome(socket);
            assertThat(outcome.output()).isEqualTo("hello world");
            assertThat(outcome.errors()).isEqualTo("oops\n");
            assertThat(Statuses.exitCode(outcome.status())).hasValue(7);
        }
        await().atMost(GatewayCluster.PATIENCE)
                .untilAsserted(() -> assertThat(cluster.admin
                                .v1()
                                .events()
                                .inNamespace(NAMESPACE)
                                .list()
                                .getItems())
                        .anySatisfy(event -> {
                            assertThat(event.getInvolvedObject().getName()).isEqualTo(name);
                            assertThat(event.getMessage()).isEqualTo("User administrator runs sh");
                        }));
    }

    @Test
    void manyBytesBothWays() throws Exception {
        running();
        byte[] block = new byte[30_000];
        Arrays.fill(block, (byte) 'y');
        int blocks = 500;
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = exec(user, "?stdin=true", "cat")) {
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < blocks; i++) {
                        socket.send(new StreamFrame.Input(block).encoded());
                    }
                    socket.send(new StreamFrame.CloseInput().encoded());
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            Outcome outcome = outcome(socket);
            sender.join();
            assertThat(outcome.output()).hasSize(blocks * block.length);
            assertThat(Statuses.exitCode(outcome.status())).hasValue(0);
        }
    }

    @Test
    void displayOfAnAgentBothWaysUntilItEnds() throws Exception {
        running();
        byte[] typed = new byte[3_000_000];
        Arrays.fill(typed, (byte) 'y');
        try (GatewayHttp user = user("administrator");
                ServerSocketChannel displays = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            displays.bind(node.driver.displays());
            try (MessageSocket socket = user.connect(path("display"), StreamFrame.SUBPROTOCOL, LONGEST);
                    SocketChannel display = displays.accept()) {
                display.write(ByteBuffer.wrap("RFB 003.008\n".getBytes(StandardCharsets.UTF_8)));
                Thread sender = Thread.ofVirtual().start(() -> {
                    try {
                        for (int sent = 0; sent < typed.length; sent += 30_000) {
                            socket.send(
                                    new StreamFrame.Input(Arrays.copyOfRange(typed, sent, sent + 30_000)).encoded());
                        }
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
                ByteBuffer taken = ByteBuffer.allocate(typed.length);
                while (taken.hasRemaining()) {
                    assertThat(display.read(taken)).isPositive();
                }
                assertThat(taken.array()).isEqualTo(typed);
                sender.join();
                display.close();
                Outcome outcome = outcome(socket);
                assertThat(outcome.output()).isEqualTo("RFB 003.008\n");
                assertThat(Statuses.exitCode(outcome.status())).hasValue(0);
            }
            try (MessageSocket socket = user.connect(path("display"), StreamFrame.SUBPROTOCOL, LONGEST);
                    SocketChannel display = displays.accept()) {
                socket.close();
                assertThat(display.read(ByteBuffer.allocate(1)))
                        .as("what of a user who has gone")
                        .isEqualTo(-1);
            }
        }
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = user.connect(path("display"), StreamFrame.SUBPROTOCOL, LONGEST)) {
            assertThat(outcome(socket).status().getMessage()).isEqualTo("the agent's display has ended");
        }
        await().atMost(GatewayCluster.PATIENCE)
                .untilAsserted(() -> assertThat(cluster.admin
                                .v1()
                                .events()
                                .inNamespace(NAMESPACE)
                                .list()
                                .getItems())
                        .filteredOn(event -> event.getReason().equals("Display"))
                        .extracting(event -> event.getMessage())
                        .contains("User administrator sees and uses its display"));
        refused("viewer", "display", 403, "user 'viewer' cannot create resource 'agentcontainers/display'");
        refused("administrator", "display?password=x", 400, "query parameter 'password' is not known here");
    }

    /** As a path of the greatest length has, each byte of it percent-encoded. */
    @Test
    void filesOfAnAgentThatRestsBothWays() throws Exception {
        node.run(NAMESPACE, name, AssignmentPhase.Suspended);
        byte[] block = new byte[30_000];
        Arrays.fill(block, (byte) 'y');
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = user.connect(path("snapshot/restore"), StreamFrame.SUBPROTOCOL, LONGEST)) {
            for (int i = 0; i < 100; i++) {
                socket.send(new StreamFrame.Input(block).encoded());
            }
            socket.send(new StreamFrame.CloseInput().encoded());
            Outcome outcome = outcome(socket);
            assertThat(Statuses.exitCode(outcome.status())).hasValue(0);
            assertThat(outcome.errors()).isEqualTo("1 files, directories and links; 3000000 bytes\n");
        }
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = user.connect(path("snapshot"), StreamFrame.SUBPROTOCOL, LONGEST)) {
            Outcome outcome = outcome(socket);
            assertThat(outcome.output()).hasSize(3_000_000);
            assertThat(outcome.errors()).contains("left out: 2 sockets");
            assertThat(Statuses.exitCode(outcome.status())).hasValue(0);
        }
        refused("viewer", "snapshot", 403, "cannot get resource 'agentcontainers/snapshot'");
        refused("viewer", "snapshot/restore", 403, "cannot create resource 'agentcontainers/snapshot'");
    }

    /** A user who goes before the end has restored nothing. */
    @Test
    void aSnapshotThatIsCutIsToldFromAWholeOne() throws Exception {
        node.run(NAMESPACE, name, AssignmentPhase.Suspended);
        node.saved.set(new byte[] {1});
        try (GatewayHttp user = user("administrator")) {
            MessageSocket socket = user.connect(path("snapshot/restore"), StreamFrame.SUBPROTOCOL, LONGEST);
            socket.send(new StreamFrame.Input(new byte[10]).encoded());
            socket.close();
        }
        await().atMost(GatewayCluster.PATIENCE).until(() -> node.cut.get() == 1);
        assertThat(node.saved.get()).hasSize(1);
    }

    @Test
    void execWithALongCommand() throws Exception {
        running();
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = exec(user, "", "echo", "\u65e5".repeat(1365))) {
            assertThat(outcome(socket).output()).isEqualTo("\u65e5".repeat(1365) + "\n");
        }
    }

    @Test
    void execWithATerminal() throws Exception {
        running();
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = exec(user, "?stdin=true&tty=true", "tty")) {
            socket.send(new StreamFrame.Resize(new TerminalSize(132, 43)).encoded());

            Outcome outcome = outcome(socket);
            assertThat(outcome.output()).startsWith("/dev/pts/");
            assertThat(Statuses.exitCode(outcome.status())).hasValue(0);
        }
        await().atMost(GatewayCluster.PATIENCE).until(() -> node.driver.resizes.contains("132x43"));
    }

    @Test
    void aUserWhoLeavesEndsTheProcess() throws Exception {
        running();
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = exec(user, "?stdin=true", "sleep", "1000")) {
            assertThat(socket.receive()).isInstanceOf(Event.Binary.class);
            socket.close("bye");
        }
        await().atMost(GatewayCluster.PATIENCE)
                .until(() -> node.driver.processes.stream().noneMatch(Process::isAlive));
    }

    @Test
    void aCommandThatIsNotThere() throws Exception {
        running();
        try (GatewayHttp user = user("administrator");
                MessageSocket socket = exec(user, "", "no-such-program")) {
            Outcome outcome = outcome(socket);
            assertThat(outcome.status().getCode()).isEqualTo(400);
            assertThat(outcome.status().getMessage()).contains("no-such-program");
        }
    }

    @Test
    void viewersReadLogsAndRunNothing() throws Exception {
        running();

        assertThat(log("viewer", "")).isEmpty();
        refused("viewer", "exec?command=true", 403, "cannot create resource 'agentcontainers/exec'");
    }

    @Test
    void strangersGetNothingAndLearnNothing() {
        running();

        refused("stranger", "egress", 403, "user 'stranger' cannot get resource 'agentcontainers/egress'");
        refused("stranger", "log", 403, "user 'stranger' cannot get resource 'agentcontainers/log'");
        refused("stranger", "exec?command=true", 403, "cannot create");
        String there = name;
        assertThat(there).isNotEmpty();
        assertThatThrownBy(() -> get("stranger", "/v1/namespaces/" + NAMESPACE + "/agentcontainers/absent/log"))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(403));
    }

    @Test
    void whatIsNotThereOrDoesNotRun() {
        refused("viewer", "log", 404, "agentcontainers.agentcontainers.dev '" + name + "' not found");
        node.run(NAMESPACE, name, AssignmentPhase.Preparing);
        refused("viewer", "usage", 409, "is not running: its phase on the node is Preparing");
        refused("administrator", "exec?command=true", 409, "is not running: its phase on the node is Preparing");
    }

    @Test
    void badQueries() {
        running();
        refused("viewer", "log?sinceSeconds=soon", 400, "'sinceSeconds' is 'soon', must be a whole number");
        refused("viewer", "log?lines=3", 400, "'lines' is not known here");
        refused("administrator", "exec", 400, "command is empty");
        refused("administrator", "exec?command=true", 426, "needs a WebSocket");
    }

    @Test
    void anAgentThatTheNodeDoesNotKnow() {
        SandboxId id = running();
        node.forget(id);

        refused("viewer", "log", 409, "the agent is not on this node");
    }

    @Test
    void bearerTokensAuthenticateToo() throws Exception {
        running();
        String token = serviceAccountToken();
        try (GatewayHttp user = new GatewayHttp(cluster.gateway.url(), tls(Optional.empty()), Optional.of(token));
                InputStream body = user.get(path("log"))) {
            assertThat(body.readAllBytes()).isEmpty();
        }
        refused(Optional.of("not-a-token"), "log", 401, "does not take this bearer token");
        refused(Optional.empty(), "log", 401, "show a bearer token or a client certificate");
    }

    @Test
    void attackNodeAsUser() {
        running();
        assertThatThrownBy(() -> {
                    try (GatewayHttp gateway =
                            new GatewayHttp(cluster.gateway.url(), node.identity.gatewayTls(), Optional.empty())) {
                        gateway.get(path("log")).close();
                    }
                })
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(401))
                .hasMessageContaining("a node is not a user");
    }

    @Test
    void attackUserAsNode() {
        String nodeLikeName = GatewayPaths.NODE_COMMON_NAME + node.name;
        assertThatThrownBy(() -> get(nodeLikeName, GatewayPaths.NODE_CONTROL))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(403))
                .hasMessageContaining("is not a node agent");
        assertThatThrownBy(() -> get(nodeLikeName, GatewayPaths.NODE_STREAMS + "guess"))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(403));
    }

    @Test
    void attackGuessedStream() {
        assertThatThrownBy(() -> {
                    try (GatewayHttp gateway =
                            new GatewayHttp(cluster.gateway.url(), node.identity.gatewayTls(), Optional.empty())) {
                        gateway.connect(GatewayPaths.NODE_STREAMS + "guess", StreamFrame.SUBPROTOCOL, LONGEST);
                    }
                })
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(404));
    }

    @Test
    void aNewLeaderIsFoundAndAgentsAreReachableAgain() throws Exception {
        running();
        cluster.restartGateway();

        await().atMost(GatewayCluster.PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(log("viewer", "")).isEmpty());
        assertThat(cluster.meters.get("agentcontainers.gateway.nodes").gauge().value())
                .isEqualTo(1);
    }

    private record Outcome(String output, String errors, Status status) {}

    private static Outcome outcome(MessageSocket socket) throws Exception {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        while (true) {
            Event event = socket.receive();
            assertThat(event).isInstanceOf(Event.Binary.class);
            switch (StreamFrame.decode(((Event.Binary) event).data())) {
                case StreamFrame.Output part -> output.writeBytes(part.data());
                case StreamFrame.ErrorOutput part -> errors.writeBytes(part.data());
                case StreamFrame.Result result -> {
                    return new Outcome(
                            output.toString(StandardCharsets.UTF_8),
                            errors.toString(StandardCharsets.UTF_8),
                            result.status());
                }
                case StreamFrame.Input ignored -> throw new AssertionError("a node sent input");
                case StreamFrame.Resize ignored -> throw new AssertionError("a node sent a resize");
                case StreamFrame.CloseInput ignored -> throw new AssertionError("a node closed input");
            }
        }
    }

    private SandboxId running() {
        return node.run(NAMESPACE, name, AssignmentPhase.Running);
    }

    private String path(String rest) {
        return "/v1/namespaces/" + NAMESPACE + "/agentcontainers/" + name + "/" + rest;
    }

    private MessageSocket exec(GatewayHttp user, String query, String... command) throws Exception {
        String parameters = Arrays.stream(command)
                .map(word -> "command=" + URLEncoder.encode(word, StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return user.connect(
                path("exec" + (query.isEmpty() ? "?" : query + "&") + parameters), StreamFrame.SUBPROTOCOL, LONGEST);
    }

    private String log(String user, String query) throws Exception {
        return get(user, path("log" + query));
    }

    private static String get(String user, String path) throws Exception {
        try (GatewayHttp http = user(user);
                InputStream body = http.get(path)) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void refused(String user, String rest, int code, String message) {
        assertThatThrownBy(() -> get(user, path(rest)))
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    private void refused(Optional<String> token, String rest, int code, String message) {
        assertThatThrownBy(() -> {
                    try (GatewayHttp http = new GatewayHttp(cluster.gateway.url(), tls(Optional.empty()), token)) {
                        http.get(path(rest)).close();
                    }
                })
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    /** A user of the cluster, by client certificate. */
    private static GatewayHttp user(String name) throws Exception {
        Config config =
                Config.fromKubeconfig(cluster.controlPlane.kubeconfigFor(name).toFile());
        Base64.Decoder decoder = Base64.getDecoder();
        String key = new String(decoder.decode(config.getClientKeyData()), StandardCharsets.UTF_8);
        String certificate = new String(decoder.decode(config.getClientCertData()), StandardCharsets.UTF_8);
        return new GatewayHttp(
                cluster.gateway.url(),
                tls(Optional.of(new ClientCertificate(Pem.privateKey(key), Pem.certificates(certificate)))),
                Optional.empty());
    }

    private static javax.net.ssl.SSLContext tls(Optional<ClientCertificate> certificate) throws IOException {
        return ClientTls.context(
                GatewayTrust.Authority.ofPem(cluster.gateway.authority().certificatePem()), certificate);
    }

    private void write(SandboxId id, String text) throws IOException {
        Files.writeString(node.driver.log(id), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String serviceAccountToken() {
        cluster.admin
                .resource(new ServiceAccountBuilder()
                        .withMetadata(StreamNode.named(NAMESPACE, "robot").build())
                        .build())
                .serverSideApply();
        cluster.admin
                .resource(new RoleBindingBuilder()
                        .withMetadata(StreamNode.named(NAMESPACE, "robot").build())
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "agentcontainers-view")
                        .addNewSubject("", "ServiceAccount", "robot", NAMESPACE)
                        .build())
                .serverSideApply();
        return cluster.admin
                .serviceAccounts()
                .inNamespace(NAMESPACE)
                .withName("robot")
                .tokenRequest()
                .getStatus()
                .getToken();
    }

    private static void bind(String user, String role) {
        cluster.admin
                .resource(new RoleBindingBuilder()
                        .withMetadata(
                                StreamNode.named(NAMESPACE, user + "-" + role).build())
                        .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", role)
                        .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                        .build())
                .create();
    }
}
