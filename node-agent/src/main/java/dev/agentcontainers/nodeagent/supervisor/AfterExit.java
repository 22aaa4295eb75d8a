package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Decides what follows the end of a run: another one, or the agent's end. Pure. */
final class AfterExit {
    /** What a run counts as that vanished without leaving an exit status: killed. */
    private static final int LOST = 137;

    /** Drivers may read the end from a file's time, which is of the kernel's coarse clock: up to a tick behind. */
    private static final Duration CLOCK_TICK = Duration.ofMillis(10);

    private AfterExit() {}

    /** When the agent is stopped whatever it does; counted from its first start since it was suspended. */
    static Optional<Instant> deadline(JournalEntry entry) {
        return entry.firstStartedAt()
                .flatMap(first -> entry.assignment().deadline().map(first::plus));
    }

    static boolean isPastDeadline(JournalEntry entry, Instant at) {
        return deadline(entry).filter(deadline -> !at.isBefore(deadline)).isPresent();
    }

    /** The entry after a run that ended so. */
    static JournalEntry decide(JournalEntry ended, ExitStatus exit, Instant now) {
        JournalEntry running = endedBefore(ended, exit) ? ended.unasked() : ended;
        JournalEntry exited = running.exited(exit);
        if (running.isSuspending()) {
            return exited.suspended();
        }
        if (isPastDeadline(running, exit.finishedAt().plus(CLOCK_TICK))) {
            return deadlineExceeded(exited);
        }
        if (isStartedAgain(running, exit)) {
            return again(running, exited, exit.finishedAt(), now);
        }
        if (running.probeFailure().isPresent()) {
            return exited.ended(failed(
                    running.probeFailure().get().reason(),
                    running.probeFailure().get().message() + "; stopped with exit code " + exit.code()));
        }
        if (exit.code() == 0) {
            return exited.ended(new Outcome(Outcome.Kind.SUCCEEDED, "Completed", ""));
        }
        return exited.ended(
                exit.outOfMemory()
                        ? failed(
                                "OutOfMemory",
                                "killed by the kernel at its memory limit (spec.resources.limits.memory)")
                        : failed("NonZeroExit", "the agent ended with exit code " + exit.code()));
    }

    /** What ended by itself before it was asked to did not end for its probe, or because it is suspended. */
    private static boolean endedBefore(JournalEntry entry, ExitStatus exit) {
        return entry.run()
                .flatMap(JournalEntry.Run::stoppingSince)
                .filter(since -> exit.finishedAt().plus(CLOCK_TICK).isBefore(since))
                .isPresent();
    }

    /** The entry after a run of which nothing is left, not even an exit status. */
    static JournalEntry decideLost(JournalEntry running, boolean rebooted, Instant now) {
        ExitStatus exit = new ExitStatus(LOST, now, false);
        JournalEntry exited = running.exited(exit);
        if (running.isSuspending() || running.assignment().suspended()) {
            return exited.suspended();
        }
        if (isPastDeadline(running, now)) {
            return deadlineExceeded(exited);
        }
        if (isStartedAgain(running, exit)) {
            return again(running, exited, now, now);
        }
        return exited.ended(
                rebooted
                        ? failed("MachineRestarted", "the machine was restarted while the agent ran")
                        : failed("RunLost", "the agent's run vanished from the machine, with its exit status"));
    }

    static JournalEntry deadlineExceeded(JournalEntry entry) {
        return entry.ended(failed(
                "DeadlineExceeded", "stopped: spec.lifecycle.deadlineSeconds have passed since the first start"));
    }

    private static boolean isStartedAgain(JournalEntry running, ExitStatus exit) {
        RestartPolicy policy = running.assignment().restartPolicy();
        return switch (policy) {
            case Never -> false;
            // However it takes being stopped: its goal was not reached.
            case OnFailure -> exit.code() != 0 || running.probeFailure().isPresent();
            case Always -> true;
        };
    }

    private static JournalEntry again(JournalEntry running, JournalEntry exited, Instant finishedAt, Instant now) {
        boolean longRun = running.run()
                .filter(run -> Duration.between(run.begunAt(), finishedAt).compareTo(RestartDelay.LONG_RUN) >= 0)
                .isPresent();
        int failures = longRun ? 1 : exited.failures() + 1;
        return exited.restartingAt(now.plus(RestartDelay.after(failures)), failures);
    }

    private static Outcome failed(String reason, String message) {
        return new Outcome(Outcome.Kind.FAILED, reason, message);
    }
}
