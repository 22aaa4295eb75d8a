package dev.agentcontainers.cli.run;

import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.cli.prerequisite.Prerequisites;
import dev.agentcontainers.cli.rootless.Tether;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.linux.LinuxPlatform;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.RunEnd;
import dev.agentcontainers.nodeagent.standalone.RunObserver;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/** A run by this process itself, which is root: of the machine, or of namespaces of an ordinary user's. */
final class LocalRun implements AgentRun {
    private final StandaloneRun run;

    /**
     * Installs what this machine lacks, where it can.
     *
     * @param closed addresses and ranges that no policy opens
     * @param images where an image is kept and had from
     */
    LocalRun(RunObjects objects, List<String> closed, NameSettings names, ImageSettings images, RunObserver observer) {
        try {
            Prerequisites.ensure(Prerequisites.LINUX_NODE, new Progress(System.err));
        } catch (UserException e) {
            throw new UserException(String.valueOf(e.getMessage()), RunCommand.NOT_RUN);
        }
        this.run = new StandaloneRun(objects, Platform.current(), closed, names, images, observer);
    }

    /** In namespaces of an ordinary user's, whose machine is told of by a tether. */
    LocalRun(
            RunObjects objects,
            List<String> closed,
            NameSettings names,
            ImageSettings images,
            RunObserver observer,
            Tether tether) {
        this.run = new StandaloneRun(
                objects, LinuxPlatform.ofAnOrdinaryUser(), both(closed, tether.closed()), names, images, observer);
        observer.progress("without root, in namespaces of your own");
        tether.onChange(machines -> run.neverAllow(both(closed, machines)));
    }

    private static List<String> both(List<String> some, List<String> others) {
        return Stream.concat(some.stream(), others.stream()).toList();
    }

    @Override
    public RunEnd await() throws InterruptedException {
        try {
            return run.await();
        } catch (RefusedRunException e) {
            throw new UserException(String.valueOf(e.getMessage()), RunCommand.NOT_RUN);
        } catch (SandboxException e) {
            throw new UserException(
                    "the agent could not be run: %s: %s".formatted(e.step(), e.getMessage()), RunCommand.NOT_RUN);
        } catch (IOException e) {
            throw new UserException("the agent could not be run: " + e.getMessage(), RunCommand.NOT_RUN);
        }
    }

    @Override
    public void stop() {
        run.stop();
    }

    @Override
    public void kill() {
        run.kill();
    }
}
