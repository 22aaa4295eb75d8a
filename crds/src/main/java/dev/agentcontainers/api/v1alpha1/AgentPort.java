package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A port that the agent serves. */
@ApiObject
public record AgentPort(
        @Required
        @Size(min = 1, max = 15)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name that policies may use for the port.")
        String name,

        @Default("TCP") @JsonPropertyDescription("TCP, UDP or SCTP. Default: TCP.")
        Protocol protocol,

        @Required @Min(1) @Max(65535) @JsonPropertyDescription("The port number.")
        Integer containerPort) {}
