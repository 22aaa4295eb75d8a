package dev.agentcontainers.cli.prerequisite;

import dev.agentcontainers.cli.process.ExternalCommand;
import java.util.List;
import java.util.Map;

/**
 * Packages by apt-get, without a question to anybody.
 *
 * @param canInstall whether this user is root on a system that has it
 */
record DebianPackages(boolean canInstall) implements Packages {
    static DebianPackages ofThisMachine() {
        return new DebianPackages(
                "root".equals(System.getProperty("user.name")) && Prerequisites.onThisMachine("apt-get"));
    }

    @Override
    public void install(List<String> names) {
        ExternalCommand.of("apt-get", "update", "-qq").run();
        ExternalCommand.of("apt-get", "install", "-y", "-qq")
                .with(names)
                .withEnvironment(Map.of("DEBIAN_FRONTEND", "noninteractive"))
                .run();
    }
}
