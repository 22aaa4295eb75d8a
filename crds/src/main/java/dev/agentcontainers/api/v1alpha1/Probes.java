package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.util.List;

/**
 * How an agent is asked whether it is well; fields, defaults and meanings are those of a Pod's containers. Source: Kubernetes
 * API reference, Probe.
 */
@ApiObject
@ValidationRule(
        value = "!has(self.startup) || !has(self.startup.successThreshold) || self.startup.successThreshold == 1",
        fieldPath = ".startup.successThreshold",
        message = "must be 1 for a startup probe: the first success is its end")
@ValidationRule(
        value = "!has(self.liveness) || !has(self.liveness.successThreshold) || self.liveness.successThreshold == 1",
        fieldPath = ".liveness.successThreshold",
        message = "must be 1 for a liveness probe")
@ValidationRule(
        value = "!has(self.readiness) || !has(self.readiness.terminationGracePeriodSeconds)",
        fieldPath = ".readiness.terminationGracePeriodSeconds",
        message = "is for startup and liveness probes: a readiness probe stops nothing")
public record Probes(
        @JsonPropertyDescription(
                "Asks whether the agent has started. Until it succeeds the others are not asked and the agent is not Available; where it fails, the agent is stopped, and started again where restartPolicy says so. Asked no more after its first success in a run.")
        Probe startup,

        @JsonPropertyDescription(
                "Asks whether the agent serves: it is Available while this succeeds. Where it fails nothing is stopped.")
        Probe readiness,

        @JsonPropertyDescription(
                "Asks whether the agent still works. Where it fails, the agent is stopped, and started again where restartPolicy says so.")
        Probe liveness) {

    /** What is asked, how often, and how much of it counts. */
    @ApiObject
    @ValidationRule(
            value = "[has(self.exec), has(self.httpGet), has(self.tcpSocket)].filter(x, x).size() == 1",
            message = "set exactly one of exec, httpGet and tcpSocket")
    public record Probe(
            @JsonPropertyDescription("A program that is run in the agent: exit code 0 is a success.")
            Exec exec,

            @JsonPropertyDescription(
                    "A GET by HTTP/1.1: a status of 200 to 399 is a success. Redirects are not followed.")
            HttpGet httpGet,

            @JsonPropertyDescription("A connection of TCP: one that comes about is a success.")
            TcpSocket tcpSocket,

            @Default("0")
            @Min(0)
            @Max(86400)
            @JsonPropertyDescription("Seconds from the start of a run to the first attempt. Default: 0.")
            Integer initialDelaySeconds,

            @Default("10")
            @Min(1)
            @Max(86400)
            @JsonPropertyDescription("Seconds from one attempt to the next. Default: 10.")
            Integer periodSeconds,

            @Default("1")
            @Min(1)
            @Max(3600)
            @JsonPropertyDescription(
                    "Seconds after which an attempt has failed; a program that still runs then is killed. Default: 1.")
            Integer timeoutSeconds,

            @Default("1")
            @Min(1)
            @Max(1000)
            @JsonPropertyDescription(
                    "Successes in a row that make it succeed after it has failed. 1 for startup and liveness. Default: 1.")
            Integer successThreshold,

            @Default("3")
            @Min(1)
            @Max(10000)
            @JsonPropertyDescription("Failures in a row that make it fail. Default: 3.")
            Integer failureThreshold,

            @Min(1)
            @Max(3600)
            @JsonPropertyDescription(
                    "Seconds between the request to stop (SIGTERM) and the kill, where this probe stops the agent. Default: that of lifecycle.")
            Integer terminationGracePeriodSeconds) {}

    /** A program to run. */
    @ApiObject
    public record Exec(
            @Required
            @Size(min = 1, max = 256)
            @JsonPropertyDescription(
                    "Program and arguments. Not run in a shell; in the agent's root, with its user and environment.")
            List<@Size(max = 4096) String> command) {}

    /** A request to make. */
    @ApiObject
    public record HttpGet(
            @Default("/")
            @Size(min = 1, max = 2048)
            @Pattern("^/[!-~]*$")
            @JsonPropertyDescription("Path of the request, with its query. Default: /.")
            String path,

            @Required
            @ValidationRule(value = IS_PORT, message = PORT_MESSAGE)
            @JsonPropertyDescription(PORT_DESCRIPTION)
            IntOrString port,

            @Size(min = 1, max = 253)
            @Pattern("^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$")
            @JsonPropertyDescription(
                    "Host that the request names, also to TLS. The connection is always to the agent, whatever this says. Default: the agent's address.")
            String host,

            @Default("HTTP")
            @JsonPropertyDescription("HTTP, or HTTPS, whose certificate is not checked. Default: HTTP.")
            Scheme scheme,

            @Size(max = 32) @JsonPropertyDescription("Headers of the request; a name may come more than once.")
            List<HttpHeader> httpHeaders) {}

    /** How requests are made. */
    public enum Scheme {
        HTTP,
        HTTPS
    }

    /** A header of a request. */
    @ApiObject
    public record HttpHeader(
            @Required @Size(min = 1, max = 128) @Pattern("^[-A-Za-z0-9]+$") @JsonPropertyDescription("Its name.")
            String name,

            @Required @Size(max = 4096) @Pattern("^[ -~]*$") @JsonPropertyDescription("Its value.")
            String value) {}

    /** A connection to make. */
    @ApiObject
    public record TcpSocket(
            @Required
            @ValidationRule(value = IS_PORT, message = PORT_MESSAGE)
            @JsonPropertyDescription(PORT_DESCRIPTION)
            IntOrString port) {}

    private static final String IS_PORT =
            "type(self) == string ? self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') : (self >= 1 && self <= 65535)";

    private static final String PORT_MESSAGE = "must be a number of 1 to 65535, or the name of one of spec.ports";

    private static final String PORT_DESCRIPTION =
            "Port of the agent: a number, or the name of one of spec.ports with protocol TCP.";
}
