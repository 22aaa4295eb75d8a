package dev.agentcontainers.cli.run;

import dev.agentcontainers.cli.prerequisite.Prerequisites;
import dev.agentcontainers.cli.registry.RegistryFlags;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.fence.ClosedRanges;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.service.RunService;
import dev.agentcontainers.nodeagent.standalone.service.ServiceSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code agentctl serve}. */
@Command(
        name = "serve",
        description = {
            "Lets users without root run agents on this machine, by a socket that the",
            "members of one group may use.",
            "",
            "Runs until it is asked to end; the users' agents end with it. For a machine",
            "without a cluster: a node agent serves as well, by agentctl node join",
            "--local-socket.",
            "",
            "The members of the group decide what programs of this machine run confined and",
            "what they may reach. They share its processors, memory, disk and processes up",
            "to --share.",
            ""
        })
public final class ServeCommand implements Callable<Integer> {
    @Option(names = "--socket", paramLabel = "PATH", description = "Where to listen. Default: ${DEFAULT-VALUE}.")
    private Path socket = ServiceSettings.SOCKET;

    @Option(
            names = "--group",
            paramLabel = "GROUP",
            description = "Whose members may connect. Default: ${DEFAULT-VALUE}.")
    private String group = ServiceSettings.GROUP;

    @Option(
            names = "--runs",
            paramLabel = "NUMBER",
            description = "Runs at a time of all users together, 1 to 64. Default: ${DEFAULT-VALUE}.")
    private int runs = 32;

    @Option(
            names = "--runs-per-user",
            paramLabel = "NUMBER",
            description = "Runs at a time of one user. Default: ${DEFAULT-VALUE}.")
    private int runsOfUser = 8;

    @Option(
            names = "--share",
            paramLabel = "PERCENT",
            description =
                    "Processors, memory, disk and processes that the runs may have together. Default: ${DEFAULT-VALUE}.")
    private int share = 80;

    @Option(
            names = "--never-allow",
            paramLabel = "CIDR",
            description = "An address or range that no policy opens. May be repeated.")
    private List<String> neverAllowed = List.of();

    @Mixin
    private RegistryFlags registries = new RegistryFlags();

    @Override
    public Integer call() throws InterruptedException {
        ServiceSettings settings = settings();
        ImageSettings images = registries.settingsForOthers();
        requireRoot();
        Prerequisites.ensure(Prerequisites.LINUX_NODE, new Progress(System.err));
        CountDownLatch end = new CountDownLatch(1);
        Interrupts.handling(end::countDown, () -> {});
        try (RunService service = RunService.start(settings, Platform.current(), images)) {
            System.err.println("agentctl: serving on " + socket + " for the group " + group);
            end.await();
            return 0;
        } catch (RefusedRunException e) {
            throw new UserException(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new UserException("the service could not be started or ended: " + e.getMessage());
        }
    }

    /** What the flags say, checked before anything is done. */
    private ServiceSettings settings() {
        if (runs < 1 || runs > 64 || runsOfUser < 1 || share < 1 || share > 100) {
            throw new UserException("serve: --runs must be 1 to 64, --runs-per-user 1 or more, --share 1 to 100", 2);
        }
        try {
            return new ServiceSettings(
                    socket, group, runs, runsOfUser, share, ClosedRanges.parse("serve: --never-allow", neverAllowed));
        } catch (IllegalArgumentException e) {
            throw new UserException(String.valueOf(e.getMessage()), 2);
        }
    }

    private static void requireRoot() {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new UserException("serve: needs root: run it with sudo");
        }
    }
}
