package dev.agentcontainers.nodeagent.sandbox;

import java.time.Instant;
import java.util.Optional;

/** What a driver sees of a sandbox, from the machine itself and not from memory. */
public sealed interface SandboxState {
    /** Nothing of it exists. */
    record Absent() implements SandboxState {}

    /** Something of it exists that was not completely created; it can only be removed. */
    record Broken(String what) implements SandboxState {}

    /** Its namespaces exist and nothing of the agent has run yet. */
    record Created(NetworkAttachment network) implements SandboxState {}

    /** The agent's first process runs. */
    record Running(NetworkAttachment network, Instant startedAt) implements SandboxState {}

    /** The agent's first process has ended and no process of it is left. */
    record Exited(ExitStatus exit) implements SandboxState {}

    /**
     * How the agent ended.
     *
     * @param code exit code 0 to 255; 128 plus the signal for a killed one
     * @param outOfMemory true where the kernel killed it for its memory limit
     * @param use what the run used; empty where the machine tells nothing of it
     */
    record ExitStatus(int code, Instant finishedAt, boolean outOfMemory, Optional<RunUse> use) {
        /** Of a run of which it is not known what it used. */
        public ExitStatus(int code, Instant finishedAt, boolean outOfMemory) {
            this(code, finishedAt, outOfMemory, Optional.empty());
        }

        public ExitStatus having(Optional<RunUse> used) {
            return new ExitStatus(code, finishedAt, outOfMemory, used);
        }
    }

    /**
     * Where a fence attaches: the process whose network namespace is the sandbox's, in the host's PID namespace.
     * Opaque to everything but the operating system's own packages.
     */
    record NetworkAttachment(long pid) {}
}
