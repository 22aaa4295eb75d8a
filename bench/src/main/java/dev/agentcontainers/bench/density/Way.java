package dev.agentcontainers.bench.density;

import dev.agentcontainers.bench.drivers.Machines;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.binaries.Gvisor;
import dev.agentcontainers.nodeagent.linux.process.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How agents are isolated, and how many there are at a time.
 *
 * @param driver its name
 * @param runtime of the driver; empty for its usual one
 * @param agents normally
 * @param few to see that it works
 * @param machines of the driver microvm; empty for every other one
 */
record Way(String driver, Optional<Path> runtime, int agents, int few, Optional<Machines> machines) {
    /** Of a driver without machines. */
    private Way(String driver, Path runtime, int agents, int few) {
        this(driver, Optional.of(runtime), agents, few, Optional.empty());
    }

    /** Machines that are up take long to come up where processors are emulated, and much memory. */
    static Way of(Machines machines) {
        return new Way("microvm", Optional.empty(), 4, 2, Optional.of(machines));
    }

    /** All that this machine has but for machines; the drivers' own runtimes must be there. */
    static List<Way> all() {
        return List.of(
                new Way("process", program("crun"), 500, 50),
                new Way("process", program("runc"), 50, 10),
                new Way("container", program("crun"), 50, 10),
                new Way("gvisor", runsc(), 20, 4));
    }

    private static Path program(String name) {
        return Program.find(name)
                .map(Program::path)
                .orElseThrow(() -> new UserException(
                        "this benchmark needs the program %s; on Debian: apt-get install %s".formatted(name, name)));
    }

    private static Path runsc() {
        return Program.find("runsc")
                .map(Program::path)
                .or(() -> Gvisor.find(System.getenv()))
                .orElseThrow(
                        () -> new UserException("this benchmark needs runsc: docs/isolation.md says how to get it"));
    }

    boolean isGvisor() {
        return driver.equals("gvisor");
    }

    boolean hasImage() {
        return !driver.equals("process");
    }

    @Override
    public String toString() {
        return driver
                + runtime.map(path -> " by " + path.getFileName()).orElse("")
                + machines.map(each -> " by QEMU, " + each.accelerator()).orElse("");
    }
}
