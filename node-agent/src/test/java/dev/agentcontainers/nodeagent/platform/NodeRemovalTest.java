package dev.agentcontainers.nodeagent.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.image.NoLayers;
import dev.agentcontainers.nodeagent.image.agent.NodeUses;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeRemovalTest {
    @TempDir
    private Path folder;

    private NodeSettings settings;
    private final List<String> calls = new ArrayList<>();
    private List<String> usedAtTheEnd = List.of();
    private final Set<SandboxId> agents = new LinkedHashSet<>(List.of(new SandboxId("a"), new SandboxId("b")));

    @BeforeEach
    void setUp() {
        settings = new NodeSettings("node", folder.resolve("state"), folder.resolve("run"), 0, 65_536, 1);
    }

    /** Writes down every call; only its list of agents says anything. */
    private <T> T recording(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (method.getName().equals("list")) {
                        return agents;
                    }
                    if (method.getName().equals("destroy")) {
                        usedAtTheEnd = uses();
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
        public boolean rootless() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void check(NodeSettings settings) {
            throw new UnsupportedOperationException();
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
        public StrengthSuite strength(NodeSettings settings) {
            throw new AssertionError("not needed");
        }

        @Override
        public LayerFiles layers(NodeSettings settings) {
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
        assertThat(new NodeRemoval(platform, settings).remove())
                .containsExactly(new SandboxId("a"), new SandboxId("b"));
        assertThat(calls).hasSize(7).endsWith("kill", "destroy", "forget");
        assertThat(calls.subList(0, 4))
                .extracting(call -> call.substring(0, call.indexOf(' ')))
                .containsExactly("remove", "purge", "remove", "purge");
    }

    private List<String> uses() {
        String[] names = folder.resolve("shared/uses").toFile().list();
        return names == null ? List.of() : List.of(names);
    }

    /** They are released when nobody is left who could run from them. */
    @Test
    void imagesOfTheNodesAgentsAreReleasedLast() throws Exception {
        Path uses = Files.createDirectories(folder.resolve("shared/uses"));
        Files.createFile(uses.resolve("node_a"));
        Files.createFile(uses.resolve("other-node_a"));
        new NodeUses(settings.stateDirectory(), "node").in(folder.resolve("shared"));

        new NodeRemoval(platform, settings).remove();

        assertThat(usedAtTheEnd).containsExactlyInAnyOrder("node_a", "other-node_a");
        assertThat(uses()).containsExactly("other-node_a");
    }
}
