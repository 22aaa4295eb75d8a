package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the AgentAssignments of the node's namespace and tells what shall run and what shall be removed, as a whole,
 * after each change.
 *
 * <p>Says nothing before the first complete list, and nothing while the API server can't be reached. An assignment counts
 * as gone only where it was seen being deleted or where a list that the API server answers from its storage lacks it: the
 * first list of a watch may come from a cache that is behind.
 */
public final class AssignmentWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AssignmentWatch.class);
    /** The whole is told again so often, in case the listener could not do all of it. */
    private static final Duration REMINDER = Duration.ofMinutes(1);

    private final KubernetesClient client;
    private final String namespace;
    private final Listener listener;
    private final AssignmentReporter reporter;
    private final ScheduledExecutorService timer;
    private final RepeatedTask telling;
    private final SharedIndexInformer<AgentAssignment> informer;
    /** Every assignment that shall run, as it was last understood. Used by the one run of {@link #telling} only. */
    private final Map<String, Assignment> running = new HashMap<>();

    private volatile boolean told;

    /** Who is told. */
    @FunctionalInterface
    public interface Listener {
        void sync(Collection<Assignment> run, Collection<Assignment> remove);
    }

    /**
     * @param known what an earlier process of this node agent was told to run
     * @param reporter is told of assignments that can't be understood
     */
    public AssignmentWatch(
            KubernetesClient client,
            String namespace,
            Collection<Assignment> known,
            Listener listener,
            AssignmentReporter reporter,
            ScheduledExecutorService timer) {
        this.client = client;
        this.namespace = namespace;
        this.listener = listener;
        this.reporter = reporter;
        known.forEach(assignment -> running.put(assignment.id().value(), assignment));
        this.timer = timer;
        this.telling = new RepeatedTask("assignments", timer, this::tell);
        this.informer = client.resources(AgentAssignment.class)
                .inNamespace(namespace)
                .runnableInformer(0)
                .exceptionHandler(new KeepWatching("AgentAssignments"))
                .addEventHandler(new OnChange<>(AssignmentWatch::concernsTheNode, telling::request));
    }

    /** Begins to watch, and returns; goes on trying where the API server can't be reached. */
    public void start() {
        informer.start().whenComplete((_, failure) -> {
            if (failure == null) {
                telling.request();
            }
        });
        timer.scheduleWithFixedDelay(telling::request, REMINDER.toSeconds(), REMINDER.toSeconds(), TimeUnit.SECONDS);
    }

    /** True once the listener has been told everything. */
    public boolean isSynced() {
        return told;
    }

    public boolean isWatching() {
        return informer.isWatching();
    }

    /** The node's own writes of the status are no news to it. */
    private static boolean concernsTheNode(AgentAssignment before, AgentAssignment after) {
        return !Objects.equals(
                        before.getMetadata().getUid(), after.getMetadata().getUid())
                || !Objects.equals(
                        before.getMetadata().getGeneration(),
                        after.getMetadata().getGeneration())
                || !Objects.equals(
                        before.getMetadata().getDeletionTimestamp(),
                        after.getMetadata().getDeletionTimestamp());
    }

    private void tell() {
        if (!informer.hasSynced()) {
            return;
        }
        List<AgentAssignment> resources = informer.getStore().list();
        if (!namesOf(resources).containsAll(running.keySet())) {
            resources = client.resources(AgentAssignment.class)
                    .inNamespace(namespace)
                    .list()
                    .getItems();
            running.keySet().retainAll(namesOf(resources));
        }
        List<Assignment> remove = new ArrayList<>();
        for (AgentAssignment resource : resources) {
            String name = resource.getMetadata().getName();
            if (resource.getMetadata().getDeletionTimestamp() == null) {
                read(resource);
            } else {
                toRemove(resource, remove);
                running.remove(name);
            }
        }
        listener.sync(List.copyOf(running.values()), remove);
        told = true;
    }

    /** What can't be understood is refused; an agent that runs by an earlier version goes on by that. */
    private void read(AgentAssignment resource) {
        String name = resource.getMetadata().getName();
        try {
            running.put(name, AssignmentMapping.assignment(resource));
        } catch (RuntimeException e) {
            LOG.error("AgentAssignment {} can't be understood: {}", name, e.toString());
            if (!running.containsKey(name)) {
                reporter.unreadable(resource, messageOf(e));
            }
        }
    }

    private void toRemove(AgentAssignment resource, List<Assignment> remove) {
        try {
            remove.add(AssignmentMapping.assignment(resource));
        } catch (RuntimeException e) {
            Assignment last = running.get(resource.getMetadata().getName());
            if (last != null) {
                remove.add(last);
            } else {
                reporter.unreadable(resource, messageOf(e));
            }
        }
    }

    private static String messageOf(RuntimeException e) {
        return e instanceof IllegalArgumentException && e.getMessage() != null
                ? e.getMessage()
                : "this node agent can't read the assignment: " + e;
    }

    private static Set<String> namesOf(List<AgentAssignment> resources) {
        Set<String> names = new HashSet<>();
        resources.forEach(resource -> names.add(resource.getMetadata().getName()));
        return names;
    }

    @Override
    public void close() {
        informer.stop();
        telling.close();
    }
}
