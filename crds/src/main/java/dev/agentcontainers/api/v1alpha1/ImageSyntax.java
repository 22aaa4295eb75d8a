package dev.agentcontainers.api.v1alpha1;

/**
 * How an image is written: {@code [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST]}. What stands before the first slash is a
 * registry where it has a dot or a colon. Source: distribution specification 1.1 and github.com/distribution/reference.
 */
public final class ImageSyntax {
    private static final String LABEL = "[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?";
    private static final String PORT = ":[0-9]{1,5}";
    private static final String REGISTRY = "(" + LABEL + "([.]" + LABEL + ")+(" + PORT + ")?|" + LABEL + PORT
            + "|\\[[0-9A-Fa-f:]*:[0-9A-Fa-f:]*\\](" + PORT + ")?)";
    private static final String SEGMENT = "[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*";
    private static final String SEGMENT_WITHOUT_DOT = "[a-z0-9]+((__?|-+)[a-z0-9]+)*";
    private static final String TAG = ":[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}";
    private static final String DIGEST = "@sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})";

    /** A regular expression without lookaround and backreferences, so that RE2 and Java read it alike; a raw string in CEL. */
    public static final String REFERENCE = "^(" + REGISTRY + "(/" + SEGMENT + ")+|" + SEGMENT_WITHOUT_DOT + "(/"
            + SEGMENT + ")+|" + SEGMENT + ")(" + TAG + ")?(" + DIGEST + ")?$";

    /** What to say of one that does not match. */
    public static final String WRONG =
            "must be [REGISTRY[:PORT]/]REPOSITORY[:TAG][@DIGEST] with the repository in lower case and no https://, for example registry.example.org/team/agent:1.4 or registry.example.org/team/agent@sha256:...";

    private ImageSyntax() {}
}
