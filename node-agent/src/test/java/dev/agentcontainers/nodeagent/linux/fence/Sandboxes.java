package dev.agentcontainers.nodeagent.linux.fence;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.authority.MachineRoots;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Real agents of either profile, on a node of a test's own; removes everything of them when closed. */
final class Sandboxes implements AutoCloseable {
    private final Path directory;
    private final OciSettings settings;
    private final Map<Profile, IsolationDriver> drivers = new EnumMap<>(Profile.class);

    private Sandboxes(Path directory, OciSettings settings) {
        this.directory = directory;
        this.settings = settings;
        for (Profile profile : Profile.values()) {
            drivers.put(profile, profile.driver(settings));
        }
    }

    /** Skips the test where agents can't be made. */
    static Sandboxes make() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/conmon")), "needs conmon");
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/crun")) || Files.isExecutable(Path.of("/usr/sbin/runc")),
                "needs crun or runc");
        Path directory = Files.createTempDirectory("agentcontainers-attack");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        OciSettings settings = OciSettings.of(
                directory.resolve("state"),
                directory.resolve("run"),
                "/agentcontainers-attack-" + UUID.randomUUID().toString().substring(0, 8),
                new IdRange(310_000_000, 64 * IdRange.PER_SANDBOX),
                0);
        return new Sandboxes(directory, TestRights.limit(settings));
    }

    /** As the node agent has them, which trusts whom the bundle names. */
    AgentAuthorities authorities(Path bundle) {
        return new AgentAuthorities(
                settings.stateDirectory().resolve("authorities"), MachineRoots.in(bundle), Clock.systemUTC());
    }

    /** An agent whose namespaces exist and of which nothing has run. */
    DrivenAgent create(Profile profile) throws IOException, SandboxException {
        return DrivenAgent.create(Optional.ofNullable(drivers.get(profile)).orElseThrow(), settings);
    }

    @Override
    public void close() throws Exception {
        OciDriver driver = OciDriver.process(settings);
        for (SandboxId id : driver.list()) {
            driver.purge(id);
        }
        driver.forget();
        DeepDeletion.delete(directory);
    }
}
