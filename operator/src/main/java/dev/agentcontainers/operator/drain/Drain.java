package dev.agentcontainers.operator.drain;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Empties a fleet so that its software can be removed: agents are stopped and nodes removed while the operator is there to do
 * it, then the operator is stopped, then nothing holds users' objects any more. Each step looks at what is, does what is
 * missing and is repeated until nothing is; so the whole can be repeated too.
 */
public final class Drain {
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration SAY_EVERY = Duration.ofSeconds(10);
    private static final int TOO_MANY_REQUESTS = 429;

    private final Remains remains;
    private final RunningOperator operator;
    private final Consumer<String> progress;

    /** @param progress told in one line what is being done and what is left */
    public Drain(Remains remains, RunningOperator operator, Consumer<String> progress) {
        this.remains = remains;
        this.operator = operator;
        this.progress = progress;
    }

    private record Step(String what, Supplier<Optional<String>> look, String otherwise) {}

    /**
     * Does everything, within the time.
     *
     * @throws UnfinishedDrainException where it takes longer
     */
    public void run(Duration timeout) throws UnfinishedDrainException, InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        for (Step step : steps()) {
            complete(step, end);
        }
        progress.accept("Drained: no agent and no node is left. AgentContainers stay, with nothing that holds them.");
    }

    /** An API server that can't answer now is waited for as everything else is; what it refuses ends the drain. */
    private static Optional<String> look(Step step) {
        try {
            return step.look().get();
        } catch (KubernetesClientException e) {
            int code = e.getCode();
            boolean refused = code >= HttpURLConnection.HTTP_BAD_REQUEST
                    && code < HttpURLConnection.HTTP_INTERNAL_ERROR
                    && code != TOO_MANY_REQUESTS;
            if (refused) {
                throw e;
            }
            return Optional.of("the API server can't answer: " + e.getMessage());
        }
    }

    private List<Step> steps() {
        return List.of(
                new Step(
                        "Stopping agents and removing nodes",
                        remains::removeNodes,
                        "An operator must be running, and the node agents of nodes that are ready. Where they are gone for good,"
                                + " uninstall without hooks and clean the machines with 'agentctl node reset'"),
                new Step("Waiting for the last reports", remains::awaitReports, "An operator must be running"),
                new Step("Stopping the operator", operator::stop, "Its Pods must end; see why they don't"),
                new Step(
                        "Looking for agents that were placed meanwhile",
                        remains::findAssignments,
                        "Start the operator again (kubectl scale --replicas=1) and repeat"),
                new Step("Keeping finalizers from being set", remains::stopMarking, "Repeat"),
                new Step("Letting go of AgentContainers", remains::letGo, "Repeat"),
                new Step("Removing what the operator made for itself", remains::removeOwn, "Repeat"));
    }

    private void complete(Step step, long end) throws UnfinishedDrainException, InterruptedException {
        progress.accept(step.what());
        Optional<String> said = Optional.empty();
        long nextWord = System.nanoTime();
        while (true) {
            Optional<String> left = look(step);
            if (left.isEmpty()) {
                return;
            }
            long now = System.nanoTime();
            if (now - end >= 0) {
                throw new UnfinishedDrainException(
                        "%s took too long: %s. %s.".formatted(step.what(), left.get(), step.otherwise()));
            }
            if (now - nextWord >= 0 && !Objects.equals(said, left)) {
                progress.accept("  " + left.get());
                said = left;
                nextWord = now + SAY_EVERY.toNanos();
            }
            Thread.sleep(PAUSE);
        }
    }
}
