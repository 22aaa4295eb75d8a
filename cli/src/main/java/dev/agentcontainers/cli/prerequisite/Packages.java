package dev.agentcontainers.cli.prerequisite;

import java.util.List;

/** Where a machine's packages come from. */
interface Packages {
    /** Whether this user may install packages, and how to is known. */
    boolean canInstall();

    /**
     * Installs packages by their names in Debian.
     *
     * @throws dev.agentcontainers.cli.terminal.UserException with what the package manager said, where it can't
     */
    void install(List<String> names);
}
