package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.audit.AuditSettings;
import dev.agentcontainers.nodeagent.audit.OtlpSettings;
import dev.agentcontainers.nodeagent.fence.ClosedRanges;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.NodeUses;
import dev.agentcontainers.nodeagent.image.registry.RegistriesFile;
import dev.agentcontainers.nodeagent.image.registry.RegistrySettings;
import dev.agentcontainers.nodeagent.image.signature.SignaturesFile;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.protocol.names.NameLimits;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a node agent until the process is asked to end; agents go on. Exit codes: 0 asked to end, 1 failed, 2 set up
 * wrongly, 75 to be started again.
 */
@QuarkusMain
public final class NodeAgentProgram implements QuarkusApplication {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAgentProgram.class);
    private static final int FAILED = 1;
    private static final int SET_UP_WRONGLY = 2;
    private static final int START_AGAIN = 75;
    private static final int WHOLE = 100;
    private static final long LEAST_STORAGE = 16L << 20;

    private final NodeConfiguration configuration;
    private final RunningNode running;
    private final String version;

    @Inject
    NodeAgentProgram(
            NodeConfiguration configuration,
            RunningNode running,
            @ConfigProperty(name = "quarkus.application.version") String version) {
        this.configuration = configuration;
        this.running = running;
        this.version = version;
    }

    @Override
    public int run(String... arguments) {
        NodeOptions options;
        NodeAgent agent;
        try {
            options = options();
            Platform platform = Platform.current();
            check(options.settings(), platform);
            agent = new NodeAgent(options, platform, Clock.systemUTC(), () -> Quarkus.asyncExit(START_AGAIN));
        } catch (StartException | IllegalStateException e) {
            LOG.error("{}", e.getMessage());
            return SET_UP_WRONGLY;
        }
        running.set(agent);
        LocalSocket localSocket = new LocalSocket(
                configuration.localSocket(), configuration.localGroup(), configuration.localShare(), options.images());
        agent.onNeverAllowed(localSocket::neverAllow);
        Thread starting = Thread.ofPlatform().name("start").daemon().start(() -> {
            if (start(options, agent)) {
                localSocket.open(agent::neverAllowed);
            }
        });
        Quarkus.waitForExit();
        starting.interrupt();
        localSocket.close();
        agent.close();
        return 0;
    }

    /** Off the main thread, because it may wait for the API server for long and the process must end when asked to. */
    private static boolean start(NodeOptions options, NodeAgent agent) {
        try {
            // Before the first use: who removes this node finds its uses by that.
            new NodeUses(options.settings().stateDirectory(), options.settings().name())
                    .in(options.images().directory());
            agent.start();
            return true;
        } catch (StartException e) {
            LOG.error("{}", e.getMessage());
            Quarkus.asyncExit(SET_UP_WRONGLY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SandboxException e) {
            LOG.error("the node agent can't start: {}: {}", e.step(), e.getMessage(), e);
            Quarkus.asyncExit(FAILED);
        } catch (IOException | RuntimeException e) {
            LOG.error("the node agent can't start", e);
            Quarkus.asyncExit(FAILED);
        }
        return false;
    }

    private NodeOptions options() {
        String name = configuration
                .name()
                .filter(text -> !text.isBlank())
                .orElseThrow(() -> new StartException("agentcontainers.node.name is not set: name the AgentNode that"
                        + " this machine is, for example AGENTCONTAINERS_NODE_NAME=worker-1"));
        if (configuration.unaskedStorage() != 0 && configuration.unaskedStorage() < LEAST_STORAGE) {
            throw new StartException("agentcontainers.node.unasked-storage is " + configuration.unaskedStorage()
                    + " bytes; it must be 0 (no limit) or at least " + LEAST_STORAGE);
        }
        if (configuration.localShare() < 1 || configuration.localShare() >= WHOLE) {
            throw new StartException("agentcontainers.node.local-share is " + configuration.localShare()
                    + "; it must be 1 to 99, the percent of this machine for runs by the local socket");
        }
        return new NodeOptions(
                new NodeSettings(
                        name,
                        configuration.stateDirectory(),
                        configuration.runDirectory(),
                        configuration.firstUserId(),
                        configuration.userIdCount(),
                        configuration.logLimit(),
                        configuration.unaskedStorage() == 0
                                ? OptionalLong.empty()
                                : OptionalLong.of(configuration.unaskedStorage()),
                        configuration.hostPaths().orElse(List.of()),
                        new NodeSettings.HostMounts(
                                configuration.hostMounts().orElse(List.of()), List.of(imageDirectory())),
                        gvisor(),
                        microVm()),
                configuration.kubeconfig(),
                JoinConfiguration.read(configuration.join()),
                configuration.fleetCidr(),
                neverAllowed(),
                configuration.localSocket().isPresent() ? configuration.localShare() : 0,
                version,
                names(),
                audit(),
                images());
    }

    /** Before anything is begun: a mistake in them is the same at each start. */
    private static void check(NodeSettings settings, Platform platform) {
        try {
            platform.check(settings);
        } catch (IllegalArgumentException e) {
            throw new StartException(String.valueOf(e.getMessage()));
        }
    }

    private NodeSettings.Gvisor gvisor() {
        try {
            return new NodeSettings.Gvisor(configuration.runsc(), configuration.runscPlatform());
        } catch (IllegalArgumentException e) {
            throw new StartException("agentcontainers.node." + e.getMessage());
        }
    }

    private NodeSettings.MicroVm microVm() {
        try {
            return new NodeSettings.MicroVm(configuration.microVm(), configuration.microVmAccelerator());
        } catch (IllegalArgumentException e) {
            throw new StartException("agentcontainers.node." + e.getMessage());
        }
    }

    private Path imageDirectory() {
        return configuration.imageDirectory().orElseGet(() -> NodeUses.usualDirectory(configuration.stateDirectory()));
    }

    private ImageSettings images() {
        try {
            return new ImageSettings(
                    imageDirectory(),
                    configuration.registriesFile().isPresent()
                            ? RegistriesFile.read(configuration.registriesFile().get())
                            : RegistrySettings.DEFAULT,
                    configuration.registryCredentialsFile(),
                    signatures(),
                    configuration.imageFreePercent());
        } catch (IllegalArgumentException e) {
            throw new StartException("agentcontainers.node." + e.getMessage());
        } catch (IOException e) {
            throw new StartException("agentcontainers.node.registries-file: " + e.getMessage());
        }
    }

    /** Read here too, so that a mistake in it is known before an agent's start: images are not run by half of a file. */
    private Optional<Path> signatures() {
        configuration.signaturesFile().ifPresent(file -> {
            try {
                SignaturesFile.read(file);
            } catch (IOException e) {
                throw new StartException("agentcontainers.node.signatures-file: " + e.getMessage());
            }
        });
        return configuration.signaturesFile();
    }

    private AuditSettings audit() {
        try {
            return new AuditSettings(
                    configuration.auditFileSize(),
                    configuration.auditFiles(),
                    configuration
                            .auditOtlpEndpoint()
                            .map(endpoint -> new OtlpSettings(
                                    endpoint, configuration.auditOtlpHeadersFile(), configuration.auditOtlpCaFile())));
        } catch (IllegalArgumentException e) {
            throw new StartException("agentcontainers.node." + e.getMessage());
        }
    }

    private NameSettings names() {
        try {
            return new NameSettings(configuration.dnsUpstream().filter(text -> !text.isBlank()), NameLimits.DEFAULT);
        } catch (IllegalArgumentException e) {
            throw new StartException("agentcontainers.node.dns-upstream: " + e.getMessage());
        }
    }

    private List<String> neverAllowed() {
        try {
            return ClosedRanges.parse(
                    "agentcontainers.node.never-allowed",
                    configuration.neverAllowed().orElse(List.of()));
        } catch (IllegalArgumentException e) {
            throw new StartException(String.valueOf(e.getMessage()));
        }
    }
}
