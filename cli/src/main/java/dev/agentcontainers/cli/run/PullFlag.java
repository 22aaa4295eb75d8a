package dev.agentcontainers.cli.run;

import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;
import java.util.Locale;

/** When a registry is asked for an image, in the words of command lines. */
enum PullFlag {
    ALWAYS(ImagePullPolicy.Always),
    MISSING(ImagePullPolicy.IfNotPresent),
    NEVER(ImagePullPolicy.Never);

    private final ImagePullPolicy policy;

    PullFlag(ImagePullPolicy policy) {
        this.policy = policy;
    }

    ImagePullPolicy policy() {
        return policy;
    }

    /** As it is written. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
