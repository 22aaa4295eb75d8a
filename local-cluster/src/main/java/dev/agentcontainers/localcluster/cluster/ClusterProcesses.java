package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import dev.agentcontainers.localcluster.certificates.ClusterCertificates;
import dev.agentcontainers.localcluster.certificates.Kubeconfig;
import dev.agentcontainers.localcluster.certificates.PrivateFiles;
import dev.agentcontainers.localcluster.process.ChildLauncher;
import dev.agentcontainers.localcluster.process.ChildLauncher.Lifetime;
import dev.agentcontainers.localcluster.process.LogTail;
import dev.agentcontainers.localcluster.process.LoopbackPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Starts, finds and stops the processes of one cluster. The caller excludes others. */
final class ClusterProcesses {

    static final String ADMINISTRATOR = "agentcontainers-admin";

    /** How long the kernel may take to end what is killed, on a machine with much else to do. */
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(20);

    private static final Duration READY_WITHIN = Duration.ofMinutes(2);

    private static final String AUDIT_POLICY = """
            apiVersion: audit.k8s.io/v1
            kind: Policy
            omitStages: [RequestReceived]
            rules:
            - level: Metadata
            """;

    private final ClusterFolder folder;

    ClusterProcesses(ClusterFolder folder) {
        this.folder = folder;
    }

    /** The processes that run now. */
    Map<Component, ProcessHandle> running() {
        Map<Component, ProcessHandle> running = new EnumMap<>(Component.class);
        for (Component component : Component.values()) {
            component.find(folder).ifPresent(process -> running.put(component, process));
        }
        return running;
    }

    /** Starts all, none of which may run, and waits until the control plane is ready. */
    void start(ClusterSettings settings, Lifetime lifetime) {
        LoopbackPorts.requireFree(settings.apiServerPort(), "kube-apiserver");
        LoopbackPorts.requireFree(settings.etcdPort(), "etcd");
        LoopbackPorts.requireFree(settings.etcdPeerPort(), "etcd (its peers' address)");
        prepare(settings);
        ComponentCommands commands = new ComponentCommands(folder, settings, lifetime == Lifetime.OUTLIVES_THIS_JVM);
        Map<Component, Process> started = new EnumMap<>(Component.class);
        try (Readiness readiness = new Readiness(folder, READY_WITHIN, () -> requireAlive(started))) {
            start(Component.ETCD, commands, lifetime, started);
            readiness.awaitListener(Component.ETCD, settings.etcdPort());
            start(Component.API_SERVER, commands, lifetime, started);
            readiness.awaitApiServer();
            start(Component.CONTROLLER_MANAGER, commands, lifetime, started);
            readiness.awaitControllers();
        } catch (RuntimeException e) {
            kill();
            throw e;
        }
    }

    /** Waits until the control plane, all of which runs, is ready. */
    void awaitReady() {
        Runnable requireAll = () -> {
            for (Component component : Component.values()) {
                if (component.find(folder).isEmpty()) {
                    throw ended(component, "");
                }
            }
        };
        try (Readiness readiness = new Readiness(folder, READY_WITHIN, requireAll)) {
            readiness.awaitApiServer();
            readiness.awaitControllers();
        }
    }

    private void start(
            Component component, ComponentCommands commands, Lifetime lifetime, Map<Component, Process> started) {
        Path log = folder.log(component);
        try {
            Files.deleteIfExists(log); // so that an error's tail is of this start
            Files.createFile(log);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + log, e);
        }
        started.put(component, ChildLauncher.start(commands.command(component), lifetime));
    }

    private void requireAlive(Map<Component, Process> started) {
        started.forEach((component, process) -> {
            if (!process.isAlive()) {
                throw ended(component, " with exit code " + process.exitValue());
            }
        });
    }

    private ControlPlaneFailedException ended(Component component, String how) {
        return new ControlPlaneFailedException("%s ended%s; its last output:%n%s"
                .formatted(component.executable(), how, LogTail.of(folder.log(component))));
    }

    private void prepare(ClusterSettings settings) {
        folder.create();
        settings.write(folder);
        ClusterCertificates certificates = ClusterCertificates.in(folder.certificates());
        certificates.issue();
        Kubeconfig.write(
                folder.kubeconfig(),
                settings.apiServer(),
                certificates.serverAuthorityPem(),
                ADMINISTRATOR,
                certificates.client(ADMINISTRATOR, List.of("system:masters")));
        Kubeconfig.write(
                folder.controllerManagerKubeconfig(),
                settings.apiServer(),
                certificates.serverAuthorityPem(),
                "system:kube-controller-manager",
                certificates.client("system:kube-controller-manager", List.of()));
        if (settings.auditLog()) {
            PrivateFiles.write(folder.auditPolicy(), AUDIT_POLICY);
        }
    }

    /** Asks all to end, the last started first, and waits; kills what doesn't end in time. */
    void stop() {
        for (Component component : List.of(Component.values()).reversed()) {
            component.find(folder).ifPresent(process -> {
                process.destroy();
                if (!ended(process, component.grace())) {
                    process.destroyForcibly();
                    requireEnded(component, process);
                }
            });
        }
    }

    /** Ends all at once; data may be lost. */
    void kill() {
        Map<Component, ProcessHandle> running = running();
        running.values().forEach(ProcessHandle::destroyForcibly);
        running.forEach(this::requireEnded);
    }

    private void requireEnded(Component component, ProcessHandle process) {
        if (!ended(process, KILL_PATIENCE)) {
            throw new ControlPlaneFailedException("%s (process %d) doesn't end, not even when killed"
                    .formatted(component.executable(), process.pid()));
        }
    }

    private static boolean ended(ProcessHandle process, Duration timeout) {
        try {
            process.onExit().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return !process.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !process.isAlive();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
