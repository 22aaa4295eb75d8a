package dev.agentcontainers.operator.drain;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
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
    /** Answers that say of the request itself that it can never be served: bad request, method, media type or content. */
    private static final Set<Integer> HOPELESS = Set.of(400, 405, 406, 413, 415, 422);

    private final List<Step> steps;
    private final Consumer<String> progress;

    /** @param progress told in one line what is being done and what is left */
    public Drain(Remains remains, RunningOperator operator, Consumer<String> progress) {
        this(steps(remains, operator), progress);
    }

    Drain(List<Step> steps, Consumer<String> progress) {
        this.steps = List.copyOf(steps);
        this.progress = progress;
    }

    /**
     * A part of the work.
     *
     * @param look does what is missing and says what is left; empty means nothing
     * @param otherwise what to do where it takes too long
     */
    record Step(String what, Supplier<Optional<String>> look, String otherwise) {}

    /**
     * Does everything, within the time.
     *
     * @throws UnfinishedDrainException where it takes longer
     */
    public void run(Duration timeout) throws UnfinishedDrainException, InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        for (Step step : steps) {
            complete(step, end);
        }
        progress.accept("Drained: no agent and no node is left. AgentContainers stay, with nothing that holds them.");
    }

    /**
     * Whatever the API server answers is waited for as everything else is, as long as another time may be answered otherwise:
     * it may not know yet of the rights and the identity that were made a moment ago (401, 403), somebody may have been faster
     * (409), a list may have taken too long (410), and it may not be there (429, 500 and above, no answer).
     */
    private static Optional<String> look(Step step) {
        try {
            return step.look().get();
        } catch (KubernetesClientException e) {
            if (HOPELESS.contains(e.getCode())) {
                throw e;
            }
            return Optional.of(
                    (isRefusal(e) ? "the API server refuses: " : "the API server can't answer: ") + e.getMessage());
        }
    }

    private static boolean isRefusal(KubernetesClientException e) {
        return e.getCode() == HttpURLConnection.HTTP_UNAUTHORIZED || e.getCode() == HttpURLConnection.HTTP_FORBIDDEN;
    }

    private static List<Step> steps(Remains remains, RunningOperator operator) {
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
