package dev.agentcontainers.cli.run;

import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;

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
}
