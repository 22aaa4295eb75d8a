package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.localcluster.ControlPlane;
import java.util.Map;

/** The operator of the fleet, with the rights that the chart would give it and no others. */
final class OperatorProcess {
    static final String NAMESPACE = "agentcontainers-system";
    static final String SERVICE_ACCOUNT = "agentcontainers-operator";

    private final FleetProcess process;
    private final Programs programs;

    OperatorProcess(FleetLayout layout, Programs programs) {
        this.process = new FleetProcess("operator", layout.operator());
        this.programs = programs;
    }

    FleetProcess process() {
        return process;
    }

    boolean ensure(ControlPlane controlPlane) {
        String user = "system:serviceaccount:" + NAMESPACE + ":" + SERVICE_ACCOUNT;
        Map<String, String> environment = Map.of(
                "KUBECONFIG",
                controlPlane.kubeconfigFor(user, "system:serviceaccounts").toString(),
                "QUARKUS_HTTP_PORT",
                "0",
                "QUARKUS_HTTP_HOST",
                "127.0.0.1",
                "AGENTCONTAINERS_OPERATOR_LEADER_NAMESPACE",
                NAMESPACE);
        return process.start(programs.operator(), environment);
    }

    boolean stop() {
        process.stop();
        return true;
    }
}
