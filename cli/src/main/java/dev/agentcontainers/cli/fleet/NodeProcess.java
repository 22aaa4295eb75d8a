package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import io.fabric8.kubernetes.api.model.Config;
import io.fabric8.kubernetes.api.model.ConfigBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;

/** One node agent of the fleet, with a credential of its own and places of its own on this machine. */
final class NodeProcess {
    private static final String SERVICE_ACCOUNT = "node-agent";
    private static final long TOKEN_SECONDS = 3600;
    private static final long FIRST_USER_ID = 200_000_000L;
    private static final long USER_IDS = 65_536L * 1000;
    private static final long LOG_LIMIT = 64L << 20;

    private final String name;
    private final int number;
    private final FleetLayout layout;
    private final FleetProcess process;
    private final Programs programs;

    NodeProcess(FleetLayout layout, Programs programs, String name) {
        this.name = name;
        this.number = Integer.parseInt(name.substring(name.lastIndexOf('-') + 1));
        this.layout = layout;
        this.process = new FleetProcess("node-agent", layout.node(name));
        this.programs = programs;
    }

    FleetProcess process() {
        return process;
    }

    /** The log of an agent on this node, in the CRI format. */
    Path log(String agentUid) {
        return Platform.current().drivers(settings()).getFirst().log(new SandboxId(agentUid));
    }

    /** Starts the node agent unless it runs; with a fresh credential for the node's namespace. */
    boolean ensure(ControlPlane controlPlane, KubernetesClient admin, String namespace) {
        if (process.find().isPresent()) {
            return false;
        }
        Path kubeconfig = layout.node(name).resolve("kubeconfig");
        writeKubeconfig(kubeconfig, controlPlane, token(admin, namespace));
        NodeSettings settings = settings();
        return process.start(
                programs.nodeAgent(),
                Map.of(
                        "AGENTCONTAINERS_NODE_NAME",
                        name,
                        "AGENTCONTAINERS_NODE_KUBECONFIG",
                        kubeconfig.toString(),
                        "AGENTCONTAINERS_NODE_STATE_DIRECTORY",
                        settings.stateDirectory().toString(),
                        "AGENTCONTAINERS_NODE_RUN_DIRECTORY",
                        settings.runDirectory().toString(),
                        "AGENTCONTAINERS_NODE_FIRST_USER_ID",
                        Long.toString(settings.firstUserId()),
                        "AGENTCONTAINERS_NODE_USER_ID_COUNT",
                        Long.toString(settings.userIdCount())));
    }

    private NodeSettings settings() {
        return new NodeSettings(
                name,
                layout.node(name).resolve("state"),
                layout.nodeRun(name),
                FIRST_USER_ID + (number - 1) * USER_IDS,
                USER_IDS,
                LOG_LIMIT);
    }

    /** Stops the node agent and removes every sandbox, its fence and its files from this machine. */
    boolean reset() {
        process.stop();
        NodeSettings settings = settings();
        Platform platform = Platform.current();
        try {
            for (IsolationDriver driver : platform.drivers(settings)) {
                for (SandboxId id : driver.list()) {
                    driver.remove(id);
                    driver.purge(id);
                }
            }
            platform.fence(settings).destroy();
            platform.forget(settings);
        } catch (SandboxException | IOException e) {
            throw new IllegalStateException("node agent " + name + " could not be removed completely", e);
        }
        FileTrees.delete(layout.nodeRun(name));
        FileTrees.delete(layout.node(name));
        return true;
    }

    private static String token(KubernetesClient admin, String namespace) {
        return admin.serviceAccounts()
                .inNamespace(namespace)
                .withName(SERVICE_ACCOUNT)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(TOKEN_SECONDS)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
    }

    private void writeKubeconfig(Path file, ControlPlane controlPlane, String token) {
        Config config = new ConfigBuilder()
                .withApiVersion("v1")
                .withKind("Config")
                .addNewCluster()
                .withName("fleet")
                .withNewCluster()
                .withServer(controlPlane.apiServer().toString())
                .withCertificateAuthorityData(Base64.getEncoder()
                        .encodeToString(controlPlane.certificateAuthority().getBytes(StandardCharsets.UTF_8)))
                .endCluster()
                .endCluster()
                .addNewUser()
                .withName(name)
                .withNewUser()
                .withToken(token)
                .endUser()
                .endUser()
                .addNewContext()
                .withName(name)
                .withNewContext()
                .withCluster("fleet")
                .withUser(name)
                .endContext()
                .endContext()
                .withCurrentContext(name)
                .build();
        try {
            Files.createDirectories(layout.node(name));
            Files.deleteIfExists(file);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, Serialization.asYaml(config));
        } catch (IOException e) {
            throw new UncheckedIOException("the kubeconfig of node agent " + name + " can't be written", e);
        }
    }
}
