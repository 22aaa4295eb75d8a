package dev.agentcontainers.nodeagent.linux.oci;

import java.nio.file.Path;

/** Settings by which the drivers use a certain runtime. In this package because nobody else chooses it. */
public final class RuntimeChoice {
    private RuntimeChoice() {}

    /** The same settings with crun or runc at that path. */
    public static OciSettings of(OciSettings settings, Path runtime) {
        return settings.withRuntime(runtime, settings.patience());
    }
}
