package dev.agentcontainers.nodeagent.driver;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Realises sandboxes with one isolation primitive of the machine.
 *
 * <p>Every operation is idempotent and may be repeated after a crash of the node agent at any point: what an earlier
 * process left is found on the machine ({@link #state}, {@link #list}), not remembered. Sandboxes outlive the process
 * that created them, with their output and exit status. Thread-safe; calls for one sandbox are made one at a time by
 * the supervisor, calls for different sandboxes at once.
 */
public interface IsolationDriver {
    /** Name that IsolationClasses refer to, for example {@code process}. */
    String name();

    /** Finds out, by a real launch, whether and how strongly this machine can run sandboxes with this driver. */
    DriverProbe probe();

    /** What each of its agents takes of the machine beside what it asks for: placement and admission count it with the requests. */
    default ResourceAmounts overhead() {
        return ResourceAmounts.NONE;
    }

    /**
     * Why it counts for less than that level here; empty where it counts for it, where it can begin no agent at all, which {@link
     * #prepare} says, and where nobody has measured. Asks what is known and tries nothing.
     */
    default Optional<String> shortOf(IsolationLevel level) {
        return Optional.empty();
    }

    /**
     * Prepares what survives restarts of the agent: workspace, identity range, limits of storage. Refuses with kind
     * UNSUPPORTED what this machine can't enforce, naming the field.
     */
    void prepare(SandboxSpec spec) throws SandboxException;

    /**
     * Creates the sandbox so that all its namespaces and limits exist and nothing of the agent has run. Leaves nothing
     * behind when it fails.
     */
    NetworkAttachment create(SandboxSpec spec) throws SandboxException;

    /** Lets the agent's first instruction run. */
    void start(SandboxId id) throws SandboxException;

    /** Applies changed limits to a running sandbox; throws UNSUPPORTED, naming the field, where it can't. */
    void update(SandboxSpec spec) throws SandboxException;

    /** The state as the machine shows it. */
    SandboxState state(SandboxId id) throws SandboxException;

    /**
     * Waits until the sandbox has exited, for a created or running sandbox, whichever process created it.
     *
     * @throws InterruptedException when the waiting thread is interrupted; the sandbox is not touched
     */
    SandboxState.ExitStatus awaitExit(SandboxId id) throws SandboxException, InterruptedException;

    /** Asks the agent to stop (SIGTERM or the platform's equal). No effect on one that has exited. */
    void terminate(SandboxId id) throws SandboxException;

    /** Kills every process of the sandbox. No effect on one that has exited. */
    void kill(SandboxId id) throws SandboxException;

    /**
     * Removes the run (processes, namespaces, cgroups, mounts), after killing what still runs. Keeps what {@link
     * #prepare} made and the output, so that the agent can be created again.
     */
    void remove(SandboxId id) throws SandboxException;

    /** Removes everything of the sandbox from the machine, output included. */
    void purge(SandboxId id) throws SandboxException;

    /**
     * Does something with a sandbox of its own that nobody may take for a leftover meanwhile, and purges it at the end.
     *
     * @param id begins with {@link #TRIAL}
     */
    void onTrial(SandboxId id, Trial trial) throws SandboxException, IOException, InterruptedException;

    /** What is done with a sandbox on trial. */
    @FunctionalInterface
    interface Trial {
        void run() throws SandboxException, IOException, InterruptedException;
    }

    /** What the names of sandboxes on trial begin with. */
    String TRIAL = "probe-";

    /** Every sandbox of which anything is left on this machine, but for those on trial. */
    Set<SandboxId> list() throws SandboxException;

    /**
     * File with the agent's standard output and error in the CRI log format (time, stream, P or F, text per line),
     * appended to over restarts. May not exist yet.
     */
    Path log(SandboxId id);

    /**
     * What a sandbox that exists and has not ended uses, by one look that starts no process and waits for nothing. Empty where there
     * is no such sandbox, or where it ends meanwhile. To be called by any thread at any time.
     */
    Optional<SandboxStats> stats(SandboxId id) throws SandboxException;

    /** Runs a further process in a running sandbox. */
    ExecSession exec(SandboxId id, ExecRequest request) throws SandboxException;

    /**
     * A new connection to the display of a running sandbox, which speaks RFB (RFC 6143) from its beginning and asks for no password.
     * What comes of it is the agent's to say. One thread may read while another writes.
     *
     * @throws SandboxException where it has none, or none any more
     */
    default ByteChannel display(SandboxId id) throws SandboxException {
        throw new SandboxException(
                SandboxException.Step.EXEC,
                SandboxException.Kind.UNSUPPORTED,
                "the driver " + name() + " has no displays");
    }

    /** What is kept of sandboxes between their runs; empty where nothing is that could be had. */
    default Optional<KeptFiles> keptFiles() {
        return Optional.empty();
    }

    /** A process to run in a running sandbox. {@code terminal} allocates a pseudo-terminal. */
    record ExecRequest(List<String> command, boolean terminal, boolean stdin) {}
}
