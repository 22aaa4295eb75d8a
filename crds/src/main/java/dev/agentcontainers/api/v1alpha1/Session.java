package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import java.util.List;

/** What an agent has as a user who is logged in at a machine. */
@ApiObject
public record Session(
        @JsonPropertyDescription(
                "true: /home/agent is a directory of the agent's own, kept over restarts and suspensions like a workspace, and HOME unless env says otherwise. It is part of limits.ephemeral-storage. Default: false.")
        Boolean persistentHome,

        @JsonPropertyDescription(
                "The agent has a screen of its own, even where this is empty: an X server (DISPLAY) that its node shows to who may see it, see agentctl display. Its files must have the programs Xtigervnc or Xvnc (TigerVNC) and xkbcomp. Default: none.")
        Display display) {

    /** A screen, of 24 bits a pixel. */
    @ApiObject
    public record Display(
            @Min(320) @Max(3840) @JsonPropertyDescription("Pixels from left to right, 320 to 3840. Default: 1280.")
            Integer width,

            @Min(200) @Max(3840) @JsonPropertyDescription("Pixels from top to bottom, 200 to 3840. Default: 800.")
            Integer height) {
        public static final int DEFAULT_WIDTH = 1280;
        public static final int DEFAULT_HEIGHT = 800;
    }

    /** Where a home that persists is. */
    public static final String HOME = "/home/agent";

    /** The directory in memory that is only the agent's: XDG_RUNTIME_DIR. */
    public static final String RUNTIME_DIRECTORY = "/run/session";

    /** Where an X server has its lock and its socket, which must be of no earlier run. */
    public static final List<String> PLACES_OF_DISPLAYS = List.of("/tmp", "/tmp/.X11-unix");

    /** CEL: the agent has a home that persists. */
    static final String HAS_HOME =
            "has(self.session) && has(self.session.persistentHome) && self.session.persistentHome";

    /** CEL: what the agent mounts leaves a display its places. */
    static final String LEAVES_DISPLAY = "!has(self.session) || !has(self.session.display) || !has(self.filesystem)"
            + " || !has(self.filesystem.mounts) || self.filesystem.mounts.all(m, m.path != '/tmp'"
            + " && m.path != '/tmp/.X11-unix')";
}
