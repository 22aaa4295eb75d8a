package dev.agentcontainers.assignment.manifest;

import java.util.List;

/** A manifest that an API server would refuse as well. The message has a line for each problem. */
public final class InvalidManifestException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /** @param object which object of which file */
    public InvalidManifestException(String object, List<Problem> problems) {
        super(
                problems.size() == 1
                        ? object + ": " + problems.getFirst()
                        : object + ":\n  "
                                + String.join(
                                        "\n  ",
                                        problems.stream().map(Problem::toString).toList()));
        this.problems = List.copyOf(problems);
    }

    public InvalidManifestException(String object, String message) {
        super(object + ": " + message);
        this.problems = List.of();
    }

    public List<Problem> problems() {
        return problems;
    }
}
