package dev.agentcontainers.nodeagent.linux.tap;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;

/** The kernel's device of such interfaces. */
public interface TapCalls {
    /**
     * Makes one in the calling thread's network namespace that stays until it is deleted or the namespace goes.
     *
     * @param owner user of the host's who may open it without any privilege
     */
    void create(String name, long owner) throws SystemCallException;

    static TapCalls ofThisMachine() {
        return new LinuxTapCalls();
    }
}
