package dev.agentcontainers.nodeagent.linux.strength;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import java.io.IOException;

/**
 * An attempt that leaves the sandbox alive, so that all of them are made by one program.
 *
 * @param name see {@link dev.agentcontainers.nodeagent.strength.ProbeResult}
 * @param level the weakest level that must withstand it
 */
record SurveyProbe(String name, IsolationLevel level, Attempt attempt) {
    /** Adds calls to the program. */
    @FunctionalInterface
    interface Attempt {
        Judge add(CallProgram program, Bait bait) throws IOException;
    }

    /** Looks for what the calls have done. */
    @FunctionalInterface
    interface Judge {
        Judgement judge(Witness witness) throws IOException;
    }
}
