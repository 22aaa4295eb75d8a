package dev.agentcontainers.operator.chart;

import dev.agentcontainers.operator.testing.OperatorProcess;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * The operator's Pod, with what the Deployment's controller and the kubelet do for it: it is started again where its program ends
 * by itself, and stopped when the Deployment wants it no longer. An operator is meant to end where it can't go on, for example
 * when its lease was not renewed in time on a machine that is busy.
 */
final class OperatorPod implements AutoCloseable {
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    private final InstalledChart chart;
    private final Supplier<OperatorProcess> program;
    private final Thread keeper;
    private volatile OperatorProcess running;

    private OperatorPod(InstalledChart chart, Supplier<OperatorProcess> program) {
        this.chart = chart;
        this.program = program;
        this.running = program.get();
        this.keeper = Thread.ofVirtual().name("kubelet").unstarted(this::keep);
    }

    static OperatorPod of(InstalledChart chart, Supplier<OperatorProcess> program) {
        OperatorPod pod = new OperatorPod(chart, program);
        pod.keeper.start();
        return pod;
    }

    /** Whether its program runs, or will again. */
    boolean isAlive() {
        return keeper.isAlive() || running.isAlive();
    }

    void signal(String name) {
        running.signal(name);
    }

    private void keep() {
        try {
            while (isWanted()) {
                Thread.sleep(LOOK_EVERY);
            }
            running.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isWanted() {
        try {
            boolean wanted = chart.wantsOperator();
            if (wanted && !running.isAlive()) {
                System.err.printf("The operator is started again:%n%s%n", running.describe());
                running.close();
                running = program.get();
            }
            return wanted;
        } catch (KubernetesClientException e) {
            // No answer is no reason to stop it; where the test is over this thread is interrupted too.
            return true;
        }
    }

    @Override
    public void close() {
        keeper.interrupt();
        try {
            keeper.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        running.close();
    }
}
