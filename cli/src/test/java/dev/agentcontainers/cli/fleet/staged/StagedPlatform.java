package dev.agentcontainers.cli.fleet.staged;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.linux.LinuxPlatform;
import dev.agentcontainers.nodeagent.names.ProxyPrograms;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;

/** Linux as it is, with a stage before and after each call of a driver or of the fence. */
public final class StagedPlatform implements Platform {
    private final Platform linux = new LinuxPlatform();
    private final Stages stages = new Stages(Path.of(System.getenv(Stages.FOLDER)));

    @Override
    public boolean isHere() {
        return linux.isHere();
    }

    @Override
    public boolean rootless() {
        return linux.rootless();
    }

    @Override
    public void check(NodeSettings settings) {
        linux.check(settings);
    }

    @Override
    public MachineFacts facts(NodeSettings settings) throws IOException {
        return linux.facts(settings);
    }

    @Override
    public List<IsolationDriver> drivers(NodeSettings settings) {
        return linux.drivers(settings).stream()
                .map(driver -> staged(IsolationDriver.class, driver))
                .toList();
    }

    @Override
    public StrengthSuite strength(NodeSettings settings) {
        return linux.strength(settings);
    }

    @Override
    public LayerFiles layers(NodeSettings settings) {
        return linux.layers(settings);
    }

    @Override
    public Fence fence(NodeSettings settings) {
        return staged(Fence.class, linux.fence(settings));
    }

    @Override
    public ProxyPrograms proxy(NodeSettings settings) throws IOException {
        return linux.proxy(settings);
    }

    @Override
    public void limitAgents(NodeSettings settings, ResourceAmounts allocatable) throws IOException {
        linux.limitAgents(settings, allocatable);
    }

    @Override
    public void forget(NodeSettings settings) throws IOException {
        linux.forget(settings);
    }

    private <T> T staged(Class<T> type, T real) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type, AutoCloseable.class}, (proxy, method, arguments) -> {
                    if (method.getDeclaringClass() == AutoCloseable.class && !(real instanceof AutoCloseable)) {
                        return null;
                    }
                    stages.reach("before-" + method.getName());
                    try {
                        Object answer = method.invoke(real, arguments);
                        stages.reach("after-" + method.getName());
                        return answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
