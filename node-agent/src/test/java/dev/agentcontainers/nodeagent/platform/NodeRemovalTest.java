package dev.agentcontainers.nodeagent.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.image.NoLayers;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NodeRemovalTest {
    private static final NodeSettings SETTINGS =
            new NodeSettings("node", Path.of("/state"), Path.of("/run"), 0, 65_536, 1);

    private final List<String> calls = new ArrayList<>();
    private final Set<SandboxId> agents = new LinkedHashSet<>(List.of(new SandboxId("a"), new SandboxId("b")));

    /** Writes down every call; only its list of agents says anything. */
    private <T> T recording(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (method.getName().equals("list")) {
                        return agents;
                    }
                    calls.add(method.getName() + (arguments == null ? "" : " " + arguments[0]));
                    return null;
                }));
    }

    private final Platform platform = new Platform() {
        @Override
        public boolean isHere() {
            return true;
        }

        @Override
        public MachineFacts facts(NodeSettings settings) {
            throw new AssertionError("not needed");
        }

        @Override
        public List<IsolationDriver> drivers(NodeSettings settings) {
            return List.of(recording(IsolationDriver.class));
        }

        @Override
        public LayerFiles layers() {
            return new NoLayers();
        }

        @Override
        public Fence fence(NodeSettings settings) {
            return recording(Fence.class);
        }

        @Override
        public ProxyPrograms proxy(NodeSettings given) {
            return recording(ProxyPrograms.class);
        }

        @Override
        public void limitAgents(NodeSettings settings, ResourceAmounts limits) {
            throw new AssertionError("not needed");
        }

        @Override
        public void forget(NodeSettings settings) {
            calls.add("forget");
        }
    };

    @Test
    void agentsAndTheProxyGoBeforeTheirFence() throws Exception {
        assertThat(new NodeRemoval(platform, SETTINGS).remove())
                .containsExactly(new SandboxId("a"), new SandboxId("b"));
        assertThat(calls).hasSize(7).endsWith("kill", "destroy", "forget");
        assertThat(calls.subList(0, 4))
                .extracting(call -> call.substring(0, call.indexOf(' ')))
                .containsExactly("remove", "purge", "remove", "purge");
    }
}
