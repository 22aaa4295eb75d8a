package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentPort;
import dev.agentcontainers.api.v1alpha1.Probes.HttpGet;
import dev.agentcontainers.api.v1alpha1.Probes.Scheme;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probe.Handler;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns an AgentAssignment's probes into the node agent's own: names of ports into numbers, defaults filled in. Pure. */
final class ProbeMapping {
    private static final int PERIOD_SECONDS = 10;
    private static final int FAILURES = 3;
    private static final int MOST_PORT = 65_535;

    private ProbeMapping() {}

    /** @throws IllegalArgumentException naming the field that can't be understood */
    static Probes probes(dev.agentcontainers.api.v1alpha1.@Nullable Probes given, List<AgentPort> ports) {
        if (given == null) {
            return Probes.NONE;
        }
        return new Probes(
                Optional.ofNullable(given.startup()).map(probe -> probe("startup", probe, ports)),
                Optional.ofNullable(given.readiness()).map(probe -> probe("readiness", probe, ports)),
                Optional.ofNullable(given.liveness()).map(probe -> probe("liveness", probe, ports)));
    }

    private static Probe probe(
            String name, dev.agentcontainers.api.v1alpha1.Probes.Probe given, List<AgentPort> ports) {
        return new Probe(
                handler("probes." + name, given, ports),
                seconds(given.initialDelaySeconds(), 0),
                seconds(given.periodSeconds(), PERIOD_SECONDS),
                seconds(given.timeoutSeconds(), 1),
                number(given.successThreshold(), 1),
                number(given.failureThreshold(), FAILURES),
                Optional.ofNullable(given.terminationGracePeriodSeconds()).map(Duration::ofSeconds));
    }

    private static Handler handler(
            String field, dev.agentcontainers.api.v1alpha1.Probes.Probe given, List<AgentPort> ports) {
        if (given.exec() != null) {
            return new Handler.Exec(given.exec().command());
        }
        if (given.httpGet() != null) {
            HttpGet get = given.httpGet();
            return new Handler.HttpGet(
                    port(field + ".httpGet.port", get.port(), ports),
                    Optional.ofNullable(get.path()).orElse("/"),
                    Optional.ofNullable(get.host()),
                    get.scheme() == Scheme.HTTPS,
                    get.httpHeaders() == null
                            ? List.of()
                            : get.httpHeaders().stream()
                                    .map(header -> new Probe.Header(header.name(), header.value()))
                                    .toList());
        }
        if (given.tcpSocket() != null) {
            return new Handler.TcpSocket(
                    port(field + ".tcpSocket.port", given.tcpSocket().port(), ports));
        }
        throw new IllegalArgumentException(field
                + " has none of exec, httpGet and tcpSocket; another kind this node agent does not know: update it");
    }

    private static int port(String field, IntOrString given, List<AgentPort> ports) {
        Integer number = given.getIntVal() != null
                ? given.getIntVal()
                : ports.stream()
                        .filter(port -> port.name().equals(given.getStrVal())
                                && (port.protocol() == null || port.protocol() == Protocol.TCP))
                        .map(AgentPort::containerPort)
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException(field + " is '" + given.getStrVal()
                                + "', which names none of the agent's ports with protocol TCP: name one, or write the"
                                + " number"));
        if (number < 1 || number > MOST_PORT) {
            throw new IllegalArgumentException(field + " is " + number + ", must be 1 to " + MOST_PORT);
        }
        return number;
    }

    private static Duration seconds(@Nullable Integer given, int otherwise) {
        return Duration.ofSeconds(number(given, otherwise));
    }

    private static int number(@Nullable Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }
}
