package dev.agentcontainers.assignment.manifest;

import java.util.List;
import java.util.stream.Collectors;

/** A manifest that an API server would refuse as well. The message has a line for each problem. */
public final class InvalidManifestException extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int MOST_SHOWN = 20;

    private final transient List<Problem> problems;

    /** @param object which object of which file */
    public InvalidManifestException(String object, List<Problem> problems) {
        super(object + text(problems));
        this.problems = List.copyOf(problems);
    }

    private static String text(List<Problem> problems) {
        if (problems.size() == 1) {
            return ": " + problems.getFirst();
        }
        String shown =
                problems.stream().limit(MOST_SHOWN).map(each -> "\n  " + each).collect(Collectors.joining());
        int more = problems.size() - MOST_SHOWN;
        return more > 0 ? ":" + shown + "\n  and %d more".formatted(more) : ":" + shown;
    }

    public InvalidManifestException(String object, String message) {
        super(object + ": " + message);
        this.problems = List.of();
    }

    public List<Problem> problems() {
        return problems;
    }
}
