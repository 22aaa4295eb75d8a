package dev.agentcontainers.nodeagent.platform;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.io.IOException;
import java.util.List;
import java.util.ServiceLoader;

/** What an operating system provides for agents. */
public interface Platform {
    /** True on a machine that this implementation is for. */
    boolean isHere();

    /**
     * Whether this process is root of namespaces only that an ordinary user has made. What it makes is seen by nobody else, and all
     * such processes of a user have the same ids.
     */
    boolean rootless();

    /**
     * Looks at the settings alone, and makes nothing.
     *
     * @throws IllegalArgumentException where one can't be used here, naming it, what was found and what would be right
     */
    void check(NodeSettings settings);

    MachineFacts facts(NodeSettings settings) throws IOException;

    /** Every driver of this operating system, whether or not this machine can use it. */
    List<IsolationDriver> drivers(NodeSettings settings);

    /** Attempts to break out of sandboxes of its drivers. */
    StrengthSuite strength(NodeSettings settings);

    /** What it does about layers of images. */
    LayerFiles layers(NodeSettings settings);

    Fence fence(NodeSettings settings);

    /** The process that answers agents' questions for names. */
    ProxyPrograms proxy(NodeSettings settings) throws IOException;

    /**
     * Keeps all agents of the node together to these limits, whatever each of them may have.
     *
     * @throws IOException where that is not possible
     */
    void limitAgents(NodeSettings settings, ResourceAmounts limits) throws IOException;

    /** Removes what the drivers keep for the node as a whole, and the proxy. For a node agent that is removed from its machine. */
    void forget(NodeSettings settings) throws IOException;

    /** The one of this machine. */
    static Platform current() {
        return ServiceLoader.load(Platform.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(Platform::isHere)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "agents can't be run on " + System.getProperty("os.name") + ": this build supports Linux"));
    }
}
