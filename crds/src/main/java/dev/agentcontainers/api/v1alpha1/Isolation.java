package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** How strongly an agent is isolated. */
@ApiObject
@ValidationRule(
        value = "has(self.className) != has(self.minimum)",
        message =
                "set exactly one of className (an IsolationClass by name) and minimum (Process, Container, UserspaceKernel or MicroVM)")
public record Isolation(
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name of an IsolationClass.")
        String className,

        @JsonPropertyDescription("Weakest level that will do; the cheapest class of at least that strength is taken.")
        IsolationLevel minimum) {}
