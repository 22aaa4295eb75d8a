package dev.agentcontainers.nodeagent.image;

/** When a registry is asked for an image, with Kubernetes' meaning. */
public enum PullPolicy {
    /** Before every start; what is here already of the same content is not received again. */
    ALWAYS,
    IF_NOT_PRESENT,
    /** What is not here is an error. */
    NEVER;

    /** Kubernetes' own: what is called latest may have become another, everything else is taken for what it was. */
    public static PullPolicy usualFor(ImageReference reference) {
        boolean latest = reference.digest().isEmpty()
                && reference.tag().filter("latest"::equals).isPresent();
        return latest ? ALWAYS : IF_NOT_PRESENT;
    }
}
