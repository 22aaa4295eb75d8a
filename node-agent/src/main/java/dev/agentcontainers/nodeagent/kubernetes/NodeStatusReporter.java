package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.math.BigDecimal;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the AgentNode's status true: looks at it now and then and writes only where it says something else. Leaves what
 * the operator writes (namespace and conditions) alone.
 */
public final class NodeStatusReporter implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMinutes(1);
    private static final Set<String> OPERATORS = Set.of("namespace", "conditions");

    private final OwnAgentNode ownNode;
    private final Supplier<NodeDescription> description;
    private final Consumer<Membership> onLook;
    private final Consumer<String> onVerify;
    private final Runnable onNone;
    private final ScheduledExecutorService timer;
    private final RepeatedTask looking;

    /**
     * @param description as of when it is asked for
     * @param onLook is told what the AgentNode says at each look, before the description is asked for
     * @param onVerify is told at each look what is said in the annotation that asks for the drivers to be verified
     * @param onNone is told at each look where there is no AgentNode, or none that this credential is for
     */
    public NodeStatusReporter(
            KubernetesClient client,
            String nodeName,
            Supplier<NodeDescription> description,
            Consumer<Membership> onLook,
            Consumer<String> onVerify,
            Runnable onNone,
            ScheduledExecutorService timer) {
        this.ownNode = new OwnAgentNode(client, nodeName);
        this.description = description;
        this.onLook = onLook;
        this.onVerify = onVerify;
        this.onNone = onNone;
        this.timer = timer;
        this.looking = new RepeatedTask("status of this node", timer, this::lookNow);
    }

    public void start() {
        timer.scheduleWithFixedDelay(looking::request, 0, INTERVAL.toSeconds(), TimeUnit.SECONDS);
    }

    /** Looks soon, because something has changed. */
    public void look() {
        looking.request();
    }

    private void lookNow() {
        Optional<AgentNode> node = find();
        if (node.isEmpty()) {
            onNone.run();
            return;
        }
        node.flatMap(Membership::of).ifPresent(onLook);
        node.map(seen -> seen.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(AgentNode.VERIFY))
                .ifPresent(onVerify);
        AgentNodeStatus status = description.get().status();
        if (!says(node.get().getStatus(), status)) {
            ownNode.write(status, OPERATORS);
        }
    }

    private Optional<AgentNode> find() {
        try {
            return ownNode.read();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_UNAUTHORIZED) {
                // The credential went with the node's namespace.
                onNone.run();
            }
            throw e;
        }
    }

    private static boolean says(@Nullable AgentNodeStatus found, AgentNodeStatus status) {
        return found != null
                && found.os() == status.os()
                && found.arch() == status.arch()
                && Objects.equals(found.kernelVersion(), status.kernelVersion())
                && Objects.equals(found.osImage(), status.osImage())
                && Objects.equals(found.agentVersion(), status.agentVersion())
                && sameAmounts(found.capacity(), status.capacity())
                && sameAmounts(found.allocatable(), status.allocatable())
                && Objects.equals(found.drivers(), status.drivers())
                && Objects.equals(found.verified(), status.verified());
    }

    /** Quantities are equal by amount: the API server may write one in another form. */
    private static boolean sameAmounts(@Nullable Map<String, Quantity> found, Map<String, Quantity> own) {
        return found != null && amounts(found).equals(amounts(own));
    }

    private static Map<String, BigDecimal> amounts(Map<String, Quantity> quantities) {
        Map<String, BigDecimal> amounts = new HashMap<>();
        quantities.forEach((name, quantity) ->
                amounts.put(name, quantity.getNumericalAmount().stripTrailingZeros()));
        return amounts;
    }

    @Override
    public void close() {
        looking.close();
    }
}
