package dev.agentcontainers.nodeagent.linux.strength;

import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;

/**
 * What came of an attempt.
 *
 * @param evidence in one line
 */
record Judgement(Verdict verdict, String evidence) {
    static Judgement passed(String evidence) {
        return new Judgement(Verdict.PASSED, evidence);
    }

    static Judgement failed(String evidence) {
        return new Judgement(Verdict.FAILED, evidence);
    }

    static Judgement unknown(String why) {
        return new Judgement(Verdict.UNKNOWN, "it is not known what came of it: " + why.replaceAll("\\s+", " "));
    }

    static Judgement notApplicable(String why) {
        return new Judgement(Verdict.NOT_APPLICABLE, why);
    }

    static Judgement of(boolean passed, String evidence) {
        return new Judgement(passed ? Verdict.PASSED : Verdict.FAILED, evidence);
    }
}
