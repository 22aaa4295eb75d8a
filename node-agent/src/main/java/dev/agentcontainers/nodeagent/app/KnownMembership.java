package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.kubernetes.Membership;
import dev.agentcontainers.nodeagent.kubernetes.MembershipFile;
import dev.agentcontainers.nodeagent.kubernetes.MembershipFile.Remembered;
import dev.agentcontainers.nodeagent.kubernetes.NodeRegistration;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's membership: what an earlier process remembered, else what the API server says, and whether it still holds. */
final class KnownMembership {
    private static final Logger LOG = LoggerFactory.getLogger(KnownMembership.class);

    private final MembershipFile file;
    private final String nodeName;
    private final Runnable onOther;

    /** @param onOther called where the AgentNode has another namespace or range than was remembered */
    KnownMembership(MembershipFile file, String nodeName, Runnable onOther) {
        this.file = file;
        this.nodeName = nodeName;
        this.onOther = onOther;
    }

    /** Waits for the API server only where nothing is remembered. */
    Remembered await(KubernetesClient client, ScheduledExecutorService timer) throws IOException, InterruptedException {
        Optional<Remembered> remembered =
                file.read().filter(last -> last.membership().nodeName().equals(nodeName));
        Membership membership = remembered.isPresent()
                ? remembered.get().membership()
                : new NodeRegistration(client, nodeName, timer).await();
        List<String> apiServer = ApiServerAddresses.of(client.getConfiguration())
                .or(() -> remembered.map(Remembered::apiServer))
                .orElse(List.of());
        Remembered now = new Remembered(membership, apiServer);
        if (!remembered.equals(Optional.of(now))) {
            file.write(now);
        }
        return now;
    }

    /** For a start at which the API server's name can't be resolved. */
    synchronized void remember(List<String> apiServer) {
        try {
            file.write(new Remembered(file.read().orElseThrow().membership(), apiServer));
        } catch (IOException e) {
            throw new UncheckedIOException("the API server's addresses can't be remembered", e);
        }
    }

    /** What was remembered may have changed while this process or the API server was away. */
    synchronized void compare(Membership seen) {
        try {
            Remembered before = file.read().orElseThrow();
            if (before.membership().equals(seen)) {
                return;
            }
            file.write(new Remembered(seen, before.apiServer()));
            if (before.membership().isSameNodeAs(seen)) {
                LOG.info("the AgentNode has changed");
            } else {
                LOG.warn(
                        "this node has another namespace or range now ({}, {}): starting again",
                        seen.namespace(),
                        seen.agentCidr());
                onOther.run();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the node's membership can't be remembered", e);
        }
    }
}
