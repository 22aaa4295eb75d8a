package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.gateway.JoinTokens;
import dev.agentcontainers.cli.gateway.PublishedGateway;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.protocol.BootstrapSecret.Terms;
import dev.agentcontainers.protocol.BootstrapToken;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Starts node agents of the fleet. One that has not joined gets a token for its name alone, which is gone afterwards. */
final class NodeStart {
    private static final Duration GATEWAY_WITHIN = Duration.ofSeconds(90);
    private static final Duration JOINED_WITHIN = Duration.ofSeconds(90);
    private static final Duration TOKEN_VALIDITY = Duration.ofMinutes(15);

    private final FleetLayout layout;
    private final Programs programs;
    private final FleetPlace place;
    private final ControlPlane controlPlane;
    private final KubernetesClient admin;
    private final OperatorProcess operator;
    private final NodeMembership membership;
    private final JoinTokens tokens;

    NodeStart(
            FleetLayout layout,
            Programs programs,
            FleetPlace place,
            ControlPlane controlPlane,
            KubernetesClient admin,
            OperatorProcess operator) {
        this.layout = layout;
        this.programs = programs;
        this.place = place;
        this.controlPlane = controlPlane;
        this.admin = admin;
        this.operator = operator;
        this.membership = new NodeMembership(admin);
        this.tokens = new JoinTokens(admin, OperatorProcess.NAMESPACE, Clock.systemUTC());
    }

    /**
     * Starts the node agent unless it runs; returns once it has joined.
     *
     * @param more further settings, as variables
     */
    boolean ensure(String name, Map<String, String> more) {
        NodeProcess node = new NodeProcess(layout, programs, place, name);
        if (node.hasJoined() && !membership.exists(name)) {
            // Its AgentNode was deleted, and what it holds ended with that.
            node.leave();
        }
        if (node.hasJoined()) {
            return node.ensure(operator.gateway(), more);
        }
        BootstrapToken token = tokens.create(new Terms(TOKEN_VALIDITY, name, 1));
        try {
            node.invite(gateway(), token);
            node.ensure(operator.gateway(), more);
            await(
                    "node agent " + name + " has not joined within " + JOINED_WITHIN.toSeconds() + " s; see "
                            + node.process().log(),
                    JOINED_WITHIN,
                    () -> {
                        node.process().requireAlive();
                        return node.hasJoined();
                    });
            return true;
        } finally {
            tokens.delete(token);
            node.forgetInvitation();
        }
    }

    /** Published by the operator once it leads, which after a crash of its predecessor takes as long as a lease. */
    private PublishedGateway gateway() {
        await(
                "the operator has not published its gateway within " + GATEWAY_WITHIN.toSeconds() + " s; see "
                        + operator.process().log(),
                GATEWAY_WITHIN,
                () -> {
                    operator.keepAlive(controlPlane);
                    return PublishedGateway.find(admin, OperatorProcess.NAMESPACE)
                            .isPresent();
                });
        return PublishedGateway.require(admin, OperatorProcess.NAMESPACE);
    }

    private static void await(String otherwise, Duration within, BooleanSupplier condition) {
        Instant end = Instant.now().plus(within);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(end)) {
                throw new UserException(otherwise);
            }
            Pause.briefly();
        }
    }
}
