package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.localcluster.ControlPlane;
import java.net.URI;
import java.nio.file.Files;
import java.util.Map;
import java.util.OptionalInt;

/** The operator of the fleet, with the rights that the chart would give it and no others. */
final class OperatorProcess {
    static final String NAMESPACE = "agentcontainers-system";
    static final String SERVICE_ACCOUNT = "agentcontainers-operator";

    private static final int MOST_STARTS_AGAIN = 2;

    private final FleetProcess process;
    private final Programs programs;
    private final FleetPlace place;
    private final GatewayPort gatewayPort;
    private int startedAgain;

    OperatorProcess(FleetLayout layout, Programs programs, FleetPlace place) {
        this.process = new FleetProcess("operator", layout.operator());
        this.programs = programs;
        this.place = place;
        this.gatewayPort = new GatewayPort(layout.operator().resolve("gateway-port"));
    }

    FleetProcess process() {
        return process;
    }

    /** Where its gateway is. */
    URI gateway() {
        return gatewayPort.url();
    }

    /** The gateway's port; empty before the first start. */
    OptionalInt gatewayPort() {
        return Files.exists(gatewayPort.file()) ? OptionalInt.of(gatewayPort.choose()) : OptionalInt.empty();
    }

    /** Starts the operator unless it runs. */
    boolean ensure(ControlPlane controlPlane) {
        if (process.find().isPresent()) {
            return false;
        }
        return process.start(programs.operator(), environment(controlPlane, gatewayPort.requireFree()));
    }

    /**
     * For whoever waits for it: starts it again where it has ended, since it ends rather than begin half-way, for example where
     * a connection to the API server was lost. Throws with the end of its log where that has not helped.
     */
    void keepAlive(ControlPlane controlPlane) {
        if (startedAgain < MOST_STARTS_AGAIN && process.find().isEmpty()) {
            startedAgain++;
            ensure(controlPlane);
        }
        process.requireAlive();
    }

    private Map<String, String> environment(ControlPlane controlPlane, int port) {
        String user = "system:serviceaccount:" + NAMESPACE + ":" + SERVICE_ACCOUNT;
        return Map.of(
                "KUBECONFIG",
                controlPlane.kubeconfigFor(user, "system:serviceaccounts").toString(),
                "QUARKUS_HTTP_PORT",
                "0",
                "QUARKUS_HTTP_HOST",
                "127.0.0.1",
                "AGENTCONTAINERS_OPERATOR_LEADER_NAMESPACE",
                NAMESPACE,
                "AGENTCONTAINERS_OPERATOR_ADDRESS_POOL",
                place.addressPool(),
                "AGENTCONTAINERS_GATEWAY_ADDRESS",
                "127.0.0.1",
                "AGENTCONTAINERS_GATEWAY_PORT",
                Integer.toString(port),
                "AGENTCONTAINERS_GATEWAY_URL",
                gateway().toString());
    }

    boolean stop() {
        process.stop();
        return true;
    }
}
