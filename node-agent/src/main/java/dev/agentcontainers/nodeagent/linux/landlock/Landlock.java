package dev.agentcontainers.nodeagent.linux.landlock;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;

/** What the running kernel has of Landlock. */
public sealed interface Landlock {
    int ENOSYS = 38;
    int EOPNOTSUPP = 95;

    /** The first that lets files be moved between directories of one rule (Linux 5.19). */
    int LEAST_VERSION = 2;

    /** @param version of its interface, {@link #LEAST_VERSION} or later */
    record Available(int version) implements Landlock {}

    /** @param reason what is missing */
    record Missing(String reason) implements Landlock {
        /** What an administrator should know. */
        public String note() {
            return "agents of the driver process are kept to their files by mounts alone: " + reason;
        }
    }

    /**
     * Asks it.
     *
     * @throws SystemCallException where it answers neither: whether agents can be restricted is not known then
     */
    static Landlock ofThisKernel() throws SystemCallException {
        return of(LandlockCalls.version());
    }

    /** @param answer a version, or a negated error number */
    static Landlock of(int answer) throws SystemCallException {
        if (answer == -ENOSYS) {
            return new Missing("the kernel has no Landlock (CONFIG_SECURITY_LANDLOCK)");
        }
        if (answer == -EOPNOTSUPP) {
            return new Missing("the kernel was started without Landlock (its parameter lsm=)");
        }
        if (answer < 0) {
            throw new SystemCallException(
                    "ask the kernel for Landlock", -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer < LEAST_VERSION
                ? new Missing("the kernel's Landlock is of version " + answer
                        + "; version 2, of Linux 5.19, is needed (files are moved between directories)")
                : new Available(answer);
    }
}
