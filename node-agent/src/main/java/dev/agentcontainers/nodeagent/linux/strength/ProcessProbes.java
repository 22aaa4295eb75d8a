package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_RDONLY;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.hidden;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.open;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.probe;

import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** At processes of the host, and at what one was given by whom made it. */
final class ProcessProbes {
    private static final int SIGKILL = 9;

    /** Behind standard input, output and error. */
    private static final int FIRST = 3;

    private ProcessProbes() {}

    /** What the sandbox was given by whom made it. */
    static List<SurveyProbe> inherited(KernelProbes kernel) {
        int getFlags = 1;
        int most = 32;
        return List.of(probe("leaked-descriptors", (program, bait) -> {
            List<Answer> flags = new ArrayList<>();
            for (int descriptor = FIRST; descriptor < most; descriptor++) {
                flags.add(program.call(SystemCall.FCNTL, value(descriptor), value(getFlags)));
            }
            return witness -> {
                Set<Integer> leaked = new TreeSet<>();
                for (int i = 0; i < flags.size(); i++) {
                    if (!Errors.isError(witness.answer(flags.get(i)))) {
                        leaked.add(FIRST + i);
                    }
                }
                if (!kernel.hasOwnKernel(witness)) {
                    leaked.addAll(witness.notOpenedByItself());
                }
                return Judgement.of(
                        leaked.isEmpty(),
                        leaked.isEmpty()
                                ? "nothing but standard input, output and error was open at the start"
                                : "descriptors were open at the start: " + leaked);
            };
        }));
    }

    static List<SurveyProbe> processes() {
        return List.of(
                probe("process-killed", (program, bait) -> {
                    Answer one =
                            program.call(SystemCall.KILL, value(bait.process().pid()), value(SIGKILL));
                    return witness -> Judgement.of(
                            bait.process().isAlive(),
                            "a process of the host lives: %s; kill: %s"
                                    .formatted(bait.process().isAlive(), Errors.describe(witness.answer(one))));
                }),
                probe("process-traced", (program, bait) -> {
                    int seize = 0x4206;
                    Answer traced = program.call(
                            SystemCall.PTRACE,
                            value(seize),
                            value(bait.process().pid()),
                            value(0),
                            value(0));
                    return witness -> {
                        String tracer = bait.tracerOfProcess();
                        return Judgement.of(
                                tracer.equals("0"),
                                "tracer of a process of the host: %s; ptrace: %s"
                                        .formatted(tracer, Errors.describe(witness.answer(traced))));
                    };
                }),
                probe("process-read", (program, bait) -> {
                    program.print(open(program, "/proc/" + bait.process().pid() + "/environ", O_RDONLY));
                    return witness -> hidden(
                            bait.givesAwayEnvironment(witness.output()), "the environment of a process of the host");
                }));
    }
}
