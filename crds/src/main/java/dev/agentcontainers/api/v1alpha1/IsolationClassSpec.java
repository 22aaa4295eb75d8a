package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Map;

/** A driver with parameters. */
@ApiObject
@ValidationRule(value = "self == oldSelf", message = "is immutable: make another IsolationClass")
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
        Map<String, String> parameters) {}
