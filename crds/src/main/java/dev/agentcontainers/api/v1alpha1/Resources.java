package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.kubernetes.api.model.Quantity;

/** What an agent is given of the machine. */
@ApiObject
public record Resources(
        @JsonPropertyDescription("What placement reserves. Default: the limits.")
        Requests requests,

        @JsonPropertyDescription("What the kernel enforces.")
        Limits limits) {

    /** Reserved amounts. */
    @ApiObject
    public record Requests(
            @JsonPropertyDescription("Processors, for example 100m or 2.")
            Quantity cpu,

            @JsonPropertyDescription("Memory in bytes, for example 128Mi.")
            Quantity memory,

            @JsonProperty("ephemeral-storage") @JsonPropertyDescription("Disk in bytes for the agent's writable files.")
            Quantity ephemeralStorage) {}

    /** Enforced amounts. */
    @ApiObject
    public record Limits(
            @JsonPropertyDescription("Processors, for example 500m or 2.")
            Quantity cpu,

            @JsonPropertyDescription("Memory in bytes, for example 512Mi; the agent is killed when it needs more.")
            Quantity memory,

            @JsonProperty("ephemeral-storage")
            @JsonPropertyDescription("Disk in bytes for the agent's writable files; writes beyond it fail.")
            Quantity ephemeralStorage,

            @Min(1) @Max(4194304) @JsonPropertyDescription("Processes and threads; further forks fail. Default: 512.")
            Integer pids) {}
}
