package dev.agentcontainers.cli.egress;

import dev.agentcontainers.policy.Decision;
import dev.agentcontainers.policy.Verdict;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What policies make of something that was recorded.
 *
 * @param condition what it has to be to pass, in words that follow "allowed"; empty where that is nothing, or it is denied
 * @param why the rule that decides, in words
 */
public record Judgement(boolean allowed, String condition, String why) {
    static Judgement of(Verdict verdict) {
        return verdict.isAllowed()
                ? new Judgement(true, condition(verdict.egress()) + condition(verdict.ingress()), bothEnds(verdict))
                : new Judgement(false, "", bothEnds(verdict));
    }

    static Judgement denied(String why) {
        return new Judgement(false, "", why);
    }

    /** What it says of whatever passes, without the rule: these are equal where nothing changes for who sends. */
    public String effect() {
        return allowed ? "allowed" + condition : "denied";
    }

    private static String condition(Decision decision) {
        return decision instanceof Decision.Allowed allowed ? allowed.condition() : "";
    }

    private static String bothEnds(Verdict verdict) {
        return Stream.of(verdict.egress(), verdict.ingress())
                .filter(decision ->
                        !(decision instanceof Decision.Ungoverned) && decision.isAllowed() == verdict.isAllowed())
                .map(Judgement::oneEnd)
                .collect(Collectors.joining("; "));
    }

    static String oneEnd(Decision decision) {
        return switch (decision) {
            case Decision.Allowed allowed ->
                "%s, tier %s%s".formatted(allowed.rule(), allowed.tier().title(), allowed.condition());
            case Decision.Ungoverned(String why) -> why;
            case Decision.Denied denied -> denied.message();
        };
    }
}
