package dev.agentcontainers.nodeagent.linux.bpf;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;

/** The kernel's store of packet programs. */
public interface PacketPrograms {
    /**
     * Has the kernel verify and take a program for traffic control.
     *
     * @param name at most 15 letters, digits and underscores
     * @return a descriptor, to be closed by the caller
     */
    int load(byte[] program, String name) throws SystemCallException;

    /** Lets go of a program; one that is attached stays. */
    void close(int descriptor);
}
