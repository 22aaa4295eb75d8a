package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;

/** A driver with parameters. */
@ApiObject
@JsonClassDescription("The driver and its parameters. Immutable.")
@ValidationRule(value = "self == oldSelf", message = "spec is immutable: make another IsolationClass")
public record IsolationClassSpec(
        @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription("Name of the node agents' driver, for example process.")
        String driver,

        @Required
        @JsonPropertyDescription(
                "The level that the driver is expected to reach; a node counts only with the level it established.")
        IsolationLevel level,

        @Size(max = 32) @JsonPropertyDescription("Parameters of the driver.")
        Map<@Size(max = 63) String, @Size(max = 1024) String> parameters) {}
