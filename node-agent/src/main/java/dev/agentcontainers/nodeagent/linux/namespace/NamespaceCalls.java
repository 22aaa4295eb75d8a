package dev.agentcontainers.nodeagent.linux.namespace;

/** The system calls about namespaces, as narrow as the fence needs them. They act on the calling thread. */
public interface NamespaceCalls {
    int EINVAL = 22;

    /** Opens a namespace's file and returns its descriptor. */
    int open(String path) throws SystemCallException;

    void close(int descriptor);

    /** Moves the calling thread into the network namespace. EINVAL where the file is not a network namespace. */
    void enterNetwork(int descriptor) throws SystemCallException;

    /** Moves the calling thread into a new network namespace. */
    void unshareNetwork() throws SystemCallException;

    /** Mounts what stands at {@code source} at {@code target} as well. */
    void bindMount(String source, String target, boolean recursive) throws SystemCallException;

    /** Makes the mount at {@code target} propagate; EINVAL where nothing is mounted there. */
    void shareMount(String target) throws SystemCallException;

    /** Detaches the mount at {@code target}. */
    void unmount(String target) throws SystemCallException;
}
