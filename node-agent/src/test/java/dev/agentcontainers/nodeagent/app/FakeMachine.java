package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.image.NoLayers;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.kubernetes.FakeDriver;
import dev.agentcontainers.nodeagent.kubernetes.FakeFence;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.strength.GivenStrength;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.util.List;

/** A machine of fakes, which outlives the node agents on it. */
public final class FakeMachine implements Platform {
    private final FakeDriver driver = new FakeDriver();
    private final FakeFence fence = new FakeFence();

    FakeDriver driver() {
        return driver;
    }

    FakeFence fence() {
        return fence;
    }

    @Override
    public boolean isHere() {
        return true;
    }

    @Override
    public boolean rootless() {
        return false;
    }

    @Override
    public void check(NodeSettings settings) {}

    @Override
    public MachineFacts facts(NodeSettings settings) {
        return new MachineFacts(
                OperatingSystem.linux,
                Architecture.amd64,
                "6.1.0",
                "Debian 12",
                4000,
                8L << 30,
                100L << 30,
                32_768,
                "boot");
    }

    @Override
    public List<IsolationDriver> drivers(NodeSettings settings) {
        return List.of(driver);
    }

    @Override
    public StrengthSuite strength(NodeSettings settings) {
        return new GivenStrength();
    }

    @Override
    public LayerFiles layers(NodeSettings settings) {
        return new NoLayers();
    }

    @Override
    public Fence fence(NodeSettings settings) {
        return fence;
    }

    @Override
    public ProxyPrograms proxy(NodeSettings settings) {
        return new NoProxy();
    }

    @Override
    public void limitAgents(NodeSettings settings, ResourceAmounts limits) {}

    @Override
    public void forget(NodeSettings settings) {}
}
