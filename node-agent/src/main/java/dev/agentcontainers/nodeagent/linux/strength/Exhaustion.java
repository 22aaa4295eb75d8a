package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;

import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Argument;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Value;
import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An attempt to take more of the machine than the sandbox was given. Each has a sandbox of its own, which it may cost.
 *
 * @param probe its name
 * @param program the executable file
 * @param limits of its sandbox
 * @param workspace whether it needs one
 * @param judge looks at what came of it
 */
record Exhaustion(String probe, byte[] program, ResourceAmounts limits, boolean workspace, Judge judge) {
    private static final long MEBI = 1 << 20;
    private static final long MEMORY = 192 * MEBI;
    private static final int PIDS = 64;
    private static final int AT_FDCWD = -100;

    /** What a program prints before its attempts. */
    static final String BEGUN = "begun";

    /** How the sandbox was found. */
    sealed interface End {
        /** It waits, having printed its answers. */
        record Waits(Witness witness) implements End {}

        /** @param begun whether the program had come as far as its attempts */
        record Ended(ExitStatus exit, boolean begun) implements End {}
    }

    /** Looks for what the program has done. */
    @FunctionalInterface
    interface Judge {
        Judgement judge(End end) throws IOException;
    }

    /** The program's own end is none that it was brought to by what it tried. */
    private static Judgement ended(End.Ended end) {
        return Judgement.unknown("its sandbox ended %s, with code %d"
                .formatted(end.begun() ? "meanwhile" : "before", end.exit().code()));
    }

    private static boolean isKilled(ExitStatus exit) {
        int killed = 128 + 9;
        return exit.outOfMemory() || exit.code() == killed;
    }

    /** A program that says first that it has come so far. */
    static CallProgram begun() {
        CallProgram program = new CallProgram(Machine.current());
        Value word = program.text(BEGUN + "\n");
        program.call(SystemCall.WRITE, value(1), word, value(BEGUN.length() + 1));
        return program;
    }

    /**
     * @param ownKernel whether another kernel than the host's answers it
     * @param rootless whether it has no control groups of its own
     */
    static Exhaustion processes(boolean ownKernel, boolean rootless) {
        CallProgram program = begun();
        int attempts = 4 * PIDS;
        Answer forked = program.forks(attempts);
        return new Exhaustion(
                "processes-exhausted", program.waiting(), limits(Optional.empty()), false, end -> switch (end) {
                    case End.Waits(Witness witness) -> {
                        int processes =
                                rootless ? witness.processesOfItsUsers() : ControlGroup.processesOf(witness.pid());
                        // A kernel of its own has some of the host's processes for each of the agent's.
                        boolean refused = Errors.isError(witness.answer(forked));
                        boolean bounded = refused && processes <= (ownKernel ? attempts : PIDS);
                        yield Judgement.of(
                                processes > 0 && bounded,
                                "%d processes with a limit of %d; the last of %d forks: %s"
                                        .formatted(processes, PIDS, attempts, Errors.describe(witness.answer(forked))));
                    }
                    case End.Ended ended -> ended(ended);
                });
    }

    static Exhaustion memory() {
        CallProgram program = begun();
        long asked = 4 * MEMORY;
        int readAndWrite = 3;
        int privateAnonymousPopulated = 0x2 | 0x20 | 0x8000;
        Answer mapped = program.call(
                SystemCall.MMAP,
                value(0),
                value(asked),
                value(readAndWrite),
                value(privateAnonymousPopulated),
                value(-1),
                value(0));
        return new Exhaustion(
                "memory-exhausted", program.waiting(), limits(Optional.empty()), false, end -> switch (end) {
                    case End.Waits(Witness witness) -> {
                        long used = ControlGroup.memoryOf(witness.pid());
                        yield Judgement.of(
                                Errors.isError(witness.answer(mapped)) || used <= MEMORY,
                                "%d MiB asked for with a limit of %d: %s, %d MiB used"
                                        .formatted(
                                                asked / MEBI,
                                                MEMORY / MEBI,
                                                Errors.isError(witness.answer(mapped))
                                                        ? Errors.describe(witness.answer(mapped))
                                                        : "mapped",
                                                used / MEBI));
                    }
                    case End.Ended(ExitStatus exit, boolean begun)
                    when begun && isKilled(exit) ->
                        Judgement.passed("it alone was ended, with code %d%s"
                                .formatted(exit.code(), exit.outOfMemory() ? ", for its memory" : ""));
                    case End.Ended ended -> ended(ended);
                });
    }

    /**
     * Fills a file, empties it, and fills the rest with directories in one another.
     *
     * @param limit bytes that its workspace may take
     */
    static Exhaustion disk(long limit) {
        CallProgram program = begun();
        Value path = program.text("/workspace/f");
        int createAndWrite = 0x40 | 1;
        Answer file = program.call(SystemCall.OPENAT, value(AT_FDCWD), path, value(createAndWrite), value(0600));
        Value piece = program.room((int) MEBI);
        long pieces = 4 * limit / MEBI;
        Answer written = program.repeat(pieces, SystemCall.WRITE, file, piece, value(MEBI));
        int fromHere = 1;
        Answer size = program.call(SystemCall.LSEEK, file, value(0), value(fromHere));
        int writeAndEmpty = 0x200 | 1;
        program.call(SystemCall.OPENAT, value(AT_FDCWD), path, value(writeAndEmpty), value(0));
        program.call(SystemCall.CHDIR, program.text("/workspace"));
        Argument[] folder = {value(AT_FDCWD), program.text("d"), value(0700)};
        int directories = 200_000;
        Answer made = program.repeatBoth(
                directories, SystemCall.MKDIRAT, folder, SystemCall.CHDIR, new Argument[] {program.text("d")});
        return new Exhaustion(
                "disk-exhausted", program.waiting(), limits(Optional.of(limit)), true, end -> switch (end) {
                    case End.Waits(Witness witness) -> {
                        long bytes = witness.answer(size);
                        boolean full = isFull(witness.answer(written)) && isFull(witness.answer(made));
                        yield Judgement.of(
                                full && bytes > 0 && bytes <= limit,
                                "writing ends with %s after %d of %d MiB, directories with %s"
                                        .formatted(
                                                Errors.describe(witness.answer(written)),
                                                bytes / MEBI,
                                                limit / MEBI,
                                                Errors.describe(witness.answer(made))));
                    }
                    case End.Ended ended -> ended(ended);
                });
    }

    private static boolean isFull(long answer) {
        return answer == -Errors.ENOSPC || answer == -Errors.EDQUOT;
    }

    static Exhaustion descriptors() {
        CallProgram program = begun();
        int most = 2_000_000;
        Answer watching = program.repeat(most, SystemCall.INOTIFY_INIT1, value(0));
        Answer opened = program.repeat(most, SystemCall.DUP, value(0));
        return new Exhaustion(
                "descriptors-exhausted", program.waiting(), limits(Optional.empty()), false, end -> switch (end) {
                    case End.Waits(Witness witness) -> {
                        boolean left = canWatch();
                        yield Judgement.of(
                                left
                                        && Errors.isError(witness.answer(watching))
                                        && Errors.isError(witness.answer(opened)),
                                "watches end with %s, descriptors with %s; the host can %s"
                                        .formatted(
                                                Errors.describe(witness.answer(watching)),
                                                Errors.describe(witness.answer(opened)),
                                                left ? "open more" : "open no watch any more"));
                    }
                    case End.Ended ended -> ended(ended);
                });
    }

    /** Whether root has an instance of inotify left. */
    static boolean canWatch() {
        try {
            FileSystems.getDefault().newWatchService().close();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    static ResourceAmounts limits(Optional<Long> storage) {
        return new ResourceAmounts(
                OptionalLong.of(1000),
                OptionalLong.of(MEMORY),
                storage.map(OptionalLong::of).orElseGet(OptionalLong::empty),
                OptionalLong.of(PIDS));
    }
}
