package dev.agentcontainers.nodeagent.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.localcluster.certificates.CertificateAuthority;
import dev.agentcontainers.localcluster.certificates.Credential;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.enrolment.NodeIdentity;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.usage.UsageOverTime;
import dev.agentcontainers.protocol.ControlMessage;
import dev.agentcontainers.protocol.NodeGrant;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A gateway of a later version asks for what this one does not know: that is refused, and the connection stays. */
@Timeout(60)
class LaterGatewayTest {
    private static final long PATIENCE_SECONDS = 20;

    private LaterGateway gateway;
    private GatewayConnection connection;
    private Socket control;

    @BeforeEach
    void connect() throws Exception {
        gateway = new LaterGateway();
        NodeIdentity identity = identity();
        connection = new GatewayConnection(() -> identity, new NoAgents(), Clock.systemUTC());
        connection.start();
        control = gateway.next();
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
        gateway.close();
    }

    private NodeIdentity identity() {
        CertificateAuthority authority = CertificateAuthority.create("gateway");
        Credential node = authority.client("node", List.of());
        return new NodeIdentity(
                gateway.url(),
                node.key(),
                new NodeGrant(
                        "node",
                        "agentnode-node",
                        new NodeGrant.ApiServer("https://localhost", ""),
                        new NodeGrant.Token("", "2100-01-01T00:00:00Z"),
                        node.certificatePem(),
                        authority.certificatePem()));
    }

    @Test
    void aRequestOfAnUnknownKindIsRefusedWithWhatToDo() throws Exception {
        LaterGateway.send(
                control,
                "{\"type\":\"open\",\"streamId\":\"s1\",\"assignment\":\"a\",\"request\":{\"kind\":\"attach\",\"from\":7}}");

        assertThat(refusal().streamId()).isEqualTo("s1");
        LaterGateway.send(control, "{\"type\":\"pause\",\"streamId\":\"s2\"}");
        ControlMessage.Refuse second = refusal();
        assertThat(second.streamId()).isEqualTo("s2");
        assertThat(second.status().getCode()).isEqualTo(501);
        assertThat(second.status().getMessage())
                .isEqualTo("the agent's node does not know messages of type 'pause': its node agent is of an earlier"
                        + " version than the gateway; update it");
        staysUsable();
    }

    @Test
    void aMessageThatConcernsNoStreamIsPassedOver() throws Exception {
        LaterGateway.send(control, "{\"type\":\"hello\",\"version\":2}");

        staysUsable();
    }

    @Test
    void whatIsNoMessageOfAnyVersionStillEndsTheConnection() throws Exception {
        LaterGateway.send(control, "[1]");

        assertThat(gateway.next()).isNotSameAs(control);
        assertThat(gateway.dials()).isEqualTo(2);
    }

    /** What this version knows is answered on the same connection. */
    private void staysUsable() throws Exception {
        LaterGateway.send(
                control,
                "{\"type\":\"open\",\"streamId\":\"s3\",\"assignment\":\"a\",\"request\":{\"kind\":\"usage\"}}");
        ControlMessage.Refuse known = refusal();
        assertThat(known.streamId()).isEqualTo("s3");
        assertThat(known.status().getMessage()).contains("the agent is not on this node");
        assertThat(gateway.dials()).isEqualTo(1);
        assertThat(connection.isConnected()).isTrue();
    }

    private ControlMessage.Refuse refusal() throws Exception {
        String text = gateway.heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(text).as("an answer").isNotNull();
        return (ControlMessage.Refuse) ControlMessage.parse(text);
    }

    private static final class NoAgents implements StreamTargets {
        @Override
        public Optional<IsolationDriver> driver(SandboxId id) {
            return Optional.empty();
        }

        @Override
        public Optional<UsageOverTime> usage(SandboxId id) {
            return Optional.empty();
        }

        @Override
        public Contents save(SandboxId id, OutputStream archive) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public Contents restore(SandboxId id, InputStream archive) {
            throw new UnsupportedOperationException("not part of these tests");
        }

        @Override
        public boolean isFinished(SandboxId id) {
            return true;
        }
    }
}
