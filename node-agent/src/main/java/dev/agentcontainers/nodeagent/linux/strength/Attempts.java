package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Argument;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Attempt;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Judge;
import dev.agentcontainers.nodeagent.linux.strength.Witness.Opened;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What attempts have in common. */
final class Attempts {
    static final int AT_FDCWD = -100;
    static final int O_RDONLY = 0;
    static final int O_WRONLY = 1;
    static final int O_NONBLOCK = 0x800;
    static final int O_PATH = 0x200000;

    private Attempts() {}

    /** One that every level must withstand. */
    static SurveyProbe probe(String name, Attempt attempt) {
        return new SurveyProbe(name, IsolationLevel.Process, attempt);
    }

    /** Nothing of this kind is open in the host's kernel. */
    static Judge none(KernelProbes kernel, List<Answer> opened, Predicate<Opened> kind, String what) {
        return none(kernel, opened, kind, kind, what);
    }

    /**
     * Nothing of that kind is open in the host's kernel.
     *
     * @param kind what calls must not have opened
     * @param kindOfKernel what a kernel of its own must not have opened meanwhile, whose descriptors have other numbers than those
     *     that it gives away
     */
    static Judge none(
            KernelProbes kernel,
            List<Answer> opened,
            Predicate<Opened> kind,
            Predicate<Opened> kindOfKernel,
            String what) {
        return witness -> {
            Stream<Opened> harmful = kernel.hasOwnKernel(witness)
                    ? witness.newlyOpened().stream().filter(kindOfKernel)
                    : opened.stream()
                            .map(witness::opened)
                            .flatMap(Optional::stream)
                            .filter(kind);
            List<String> found = harmful.map(Opened::link).toList();
            return Judgement.of(
                    found.isEmpty(),
                    found.isEmpty()
                            ? what + ": not on the host, " + Errors.describe(witness.answer(opened.getFirst()))
                            : what + ": the host's kernel holds " + found.getFirst());
        };
    }

    static Judgement hidden(boolean given, String what) {
        return Judgement.of(!given, what + (given ? " was read" : " was not read"));
    }

    static Answer open(CallProgram program, String path, int flags) {
        return open(program, program.text(path), flags);
    }

    static Answer open(CallProgram program, Argument path, int flags) {
        return program.call(SystemCall.OPENAT, value(AT_FDCWD), path, value(flags), value(0));
    }
}
