package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/** What an agent has as a user who is logged in at a machine. */
@ApiObject
public record Session(
        @JsonPropertyDescription(
                "true: /home/agent is a directory of the agent's own, kept over restarts and suspensions like a workspace, and HOME unless env says otherwise. It is part of limits.ephemeral-storage. Default: false.")
        Boolean persistentHome) {

    /** Where a home that persists is. */
    public static final String HOME = "/home/agent";

    /** The directory in memory that is only the agent's: XDG_RUNTIME_DIR. */
    public static final String RUNTIME_DIRECTORY = "/run/session";

    /** CEL: the agent has a home that persists. */
    static final String HAS_HOME =
            "has(self.session) && has(self.session.persistentHome) && self.session.persistentHome";
}
