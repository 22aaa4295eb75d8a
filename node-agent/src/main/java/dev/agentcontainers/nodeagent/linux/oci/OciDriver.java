package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.process.LinuxCalls;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The driver {@code process}: each sandbox is an OCI container over the host's root in a user namespace of its own,
 * supervised by conmon.
 *
 * <p>The machine is the memory: whether a sandbox is created, runs or has exited is read from the runtime's start fifo,
 * from its first process and from conmon's exit file.
 */
public final class OciDriver implements IsolationDriver {
    /** What a run counts as whose exit status nobody kept: killed. */
    private static final int LOST = 137;

    private final OciMachine machine;
    private final RunCreation creation;
    private final RunRemoval removal;

    /** On this machine, by its C library. */
    public OciDriver(OciSettings settings, LinuxCalls calls) {
        this.machine = new OciMachine(settings, calls);
        this.creation = new RunCreation(machine);
        this.removal = new RunRemoval(machine);
    }

    private interface Work<T> {
        T run() throws IOException, SandboxException;
    }

    /** What the machine refuses may pass; what is wrong with the request is said by the work itself. */
    private static <T> T at(Step step, Work<T> work) throws SandboxException {
        try {
            return work.run();
        } catch (IOException e) {
            throw new SandboxException(step, Kind.TRANSIENT, String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public String name() {
        return "process";
    }

    @Override
    public DriverProbe probe() {
        return new OciProbe(machine, this).run();
    }

    @Override
    public void prepare(SandboxSpec spec) throws SandboxException {
        at(Step.PREPARE, () -> {
            creation.prepare(spec);
            return true;
        });
    }

    @Override
    public NetworkAttachment create(SandboxSpec spec) throws SandboxException {
        return at(Step.CREATE, () -> {
            try {
                return new NetworkAttachment(creation.create(spec).pid());
            } catch (IOException | SandboxException | RuntimeException e) {
                removal.remove(spec.id());
                throw e;
            }
        });
    }

    @Override
    public void start(SandboxId id) throws SandboxException {
        at(Step.START, () -> {
            creation.start(id);
            return true;
        });
    }

    @Override
    public void update(SandboxSpec spec) throws SandboxException {
        if (spec.limits().ephemeralStorageBytes().isPresent()
                && !creation.storageIs(
                        spec.id(), spec.limits().ephemeralStorageBytes().getAsLong())) {
            throw new SandboxException(
                    Step.OBSERVE,
                    Kind.UNSUPPORTED,
                    "resources.limits.ephemeral-storage can't be changed while the agent exists: delete and create it");
        }
        at(Step.OBSERVE, () -> {
            machine.cgroups().update(spec.id(), spec.limits());
            return true;
        });
    }

    @Override
    public SandboxState state(SandboxId id) throws SandboxException {
        return at(Step.OBSERVE, () -> stateNow(id));
    }

    private SandboxState stateNow(SandboxId id) throws IOException {
        SandboxFiles files = machine.files();
        Optional<ExitStatus> exit = machine.recordedExit(id);
        if (exit.isPresent()) {
            return new SandboxState.Exited(exit.get());
        }
        Optional<FirstProcess> first = FirstProcess.read(files.created(id));
        if (first.isEmpty()) {
            return machine.traces(id)
                    ? new SandboxState.Broken("a run that was not created completely")
                    : new SandboxState.Absent();
        }
        NetworkAttachment network = new NetworkAttachment(first.get().pid());
        if (first.get().isAlive()) {
            return Files.exists(files.startFifo(id))
                    ? new SandboxState.Created(network)
                    : new SandboxState.Running(network, machine.startedAt(id));
        }
        return endedWithoutRecord(id, network);
    }

    /** Between the end of the first process and conmon's record of it; or conmon was killed and there will be none. */
    private SandboxState endedWithoutRecord(SandboxId id, NetworkAttachment network) throws IOException {
        if (machine.conmon().find(id).isPresent()) {
            return new SandboxState.Running(network, machine.startedAt(id));
        }
        ExitStatus lost = new ExitStatus(LOST, Instant.now(), machine.cgroups().outOfMemoryKills(id) > 0);
        return new SandboxState.Exited(machine.recordedExit(id).orElse(lost));
    }

    @Override
    public ExitStatus awaitExit(SandboxId id) throws SandboxException, InterruptedException {
        while (true) {
            switch (state(id)) {
                case SandboxState.Exited exited -> {
                    return exited.exit();
                }
                case SandboxState.Created _, SandboxState.Running _ -> machine.awaitChange();
                case SandboxState.Absent _, SandboxState.Broken _ ->
                    throw new SandboxException(
                            Step.OBSERVE, Kind.TRANSIENT, "sandbox " + id + " is neither created nor running");
            }
        }
    }

    @Override
    public void terminate(SandboxId id) throws SandboxException {
        at(Step.STOP, () -> {
            machine.signal(id, LinuxCalls.SIGTERM);
            return true;
        });
    }

    @Override
    public void kill(SandboxId id) throws SandboxException {
        // The first process is the init of the sandbox's PID namespace: the kernel kills all others with it.
        at(Step.STOP, () -> {
            machine.signal(id, LinuxCalls.SIGKILL);
            return true;
        });
    }

    @Override
    public void remove(SandboxId id) throws SandboxException {
        at(Step.REMOVE, () -> {
            removal.remove(id);
            return true;
        });
    }

    @Override
    public void purge(SandboxId id) throws SandboxException {
        at(Step.REMOVE, () -> {
            removal.remove(id);
            SandboxFiles.delete(machine.files().state(id));
            return true;
        });
    }

    @Override
    public Set<SandboxId> list() throws SandboxException {
        return at(Step.OBSERVE, () -> {
            Set<String> names = new TreeSet<>(machine.files().left());
            names.addAll(machine.cgroups().left());
            Set<SandboxId> ids = new HashSet<>();
            names.forEach(name -> ids.add(new SandboxId(name)));
            return ids;
        });
    }

    @Override
    public Path log(SandboxId id) {
        return machine.files().log(id);
    }

    @Override
    public ExecSession exec(SandboxId id, ExecRequest request) throws SandboxException {
        if (!(state(id) instanceof SandboxState.Running)) {
            throw new SandboxException(Step.EXEC, Kind.INVALID_SPEC, "the agent does not run");
        }
        return at(Step.EXEC, () -> OciExec.start(machine, id, request));
    }

    /** What this driver's level is worth on a machine that passed the probe. */
    static IsolationLevel strength() {
        return IsolationLevel.Process;
    }
}
