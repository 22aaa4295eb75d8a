package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Probe;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Verdict;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus.Verification;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import java.time.temporal.ChronoUnit;

/** Reports of what drivers have withstood, as the API says them. Pure. */
public final class Verifications {
    private static final int LONGEST_EVIDENCE = 256;

    private Verifications() {}

    public static Verification of(StrengthReport report) {
        return new Verification(
                report.suite(),
                report.at().truncatedTo(ChronoUnit.SECONDS).toString(),
                (int) report.count(ProbeResult.Verdict.PASSED),
                (int) report.count(ProbeResult.Verdict.FAILED),
                (int) report.count(ProbeResult.Verdict.UNKNOWN),
                (int) report.count(ProbeResult.Verdict.NOT_APPLICABLE),
                report.results().stream().map(Verifications::probe).toList());
    }

    private static Probe probe(ProbeResult result) {
        Verdict verdict = switch (result.verdict()) {
            case PASSED -> Verdict.Passed;
            case FAILED -> Verdict.Failed;
            case UNKNOWN -> Verdict.Unknown;
            case NOT_APPLICABLE -> Verdict.NotApplicable;
        };
        String evidence = result.evidence();
        return new Probe(
                result.probe(),
                result.level(),
                verdict,
                evidence.length() <= LONGEST_EVIDENCE ? evidence : evidence.substring(0, LONGEST_EVIDENCE));
    }
}
