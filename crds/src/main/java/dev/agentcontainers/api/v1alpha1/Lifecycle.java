package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;

/** When an agent is restarted, stopped and suspended. */
@ApiObject
public record Lifecycle(
        @Default("Never")
        @JsonPropertyDescription(
                "Never, OnFailure (exit code other than 0) or Always, with a delay that grows from 10 seconds to 5 minutes. Default: Never.")
        RestartPolicy restartPolicy,

        @Min(1)
        @Max(31536000)
        @JsonPropertyDescription(
                "Seconds after the first start at which the agent is stopped and Failed; counted anew once it was suspended. Default: none.")
        Long deadlineSeconds,

        @Default("10")
        @Min(0)
        @Max(3600)
        @JsonPropertyDescription("Seconds between the request to stop (SIGTERM) and the kill. Default: 10.")
        Integer terminationGracePeriodSeconds,

        @JsonPropertyDescription(
                "true: the agent is stopped, and keeps its files and its place on the node with what it requests. false again: it is started again, whatever its restartPolicy. What is in memory is lost, and what it changed of its image. An agent that is finished stays so. Default: false.")
        Boolean suspended) {}
