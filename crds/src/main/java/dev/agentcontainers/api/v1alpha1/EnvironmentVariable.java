package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** One environment variable: a value, or where to take it from. */
@ApiObject
@ValidationRule(value = "!(has(self.value) && has(self.valueFrom))", message = "set value or valueFrom, not both")
public record EnvironmentVariable(
        @Required
        @Size(min = 1, max = 256)
        @Pattern("^[-._a-zA-Z][-._a-zA-Z0-9]*$")
        @JsonPropertyDescription("Name of the variable.")
        String name,

        @Size(max = 32768) @JsonPropertyDescription("Its value, taken literally. Default: empty.")
        String value,

        @JsonPropertyDescription("Where the value comes from.")
        ValueSource valueFrom) {

    /** Where a value comes from; exactly one is set. */
    @ApiObject
    @ValidationRule(
            value = "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].filter(x, x).size() == 1",
            message = "set exactly one of secretKeyRef, configMapKeyRef and fieldRef")
    public record ValueSource(
            @JsonPropertyDescription("A key of a Secret in the AgentContainer's namespace.")
            KeyReference secretKeyRef,

            @JsonPropertyDescription("A key of a ConfigMap in the AgentContainer's namespace.")
            KeyReference configMapKeyRef,

            @JsonPropertyDescription("A field of the AgentContainer.")
            FieldReference fieldRef) {}

    /** A key of a Secret or ConfigMap. */
    @ApiObject
    public record KeyReference(
            @Required
            @Size(min = 1, max = 253)
            @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
            @JsonPropertyDescription("Name of the object.")
            String name,

            @Required
            @Size(min = 1, max = 253)
            @Pattern("^[-._a-zA-Z0-9]+$")
            @JsonPropertyDescription("The key in its data.")
            String key,

            @JsonPropertyDescription(
                    "True: the variable is left out where the object or key is missing. Default: false, the agent waits for it.")
            Boolean optional) {}

    /** A field of the AgentContainer. */
    @ApiObject
    public record FieldReference(
            @Required
            @Size(max = 400)
            @ValidationRule(
                    value =
                            "self.matches(\"^(metadata[.](name|namespace|uid|(labels|annotations)\\\\['[^']+'\\\\])|status[.]nodeName)$\")",
                    message =
                            "must be metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'] or status.nodeName")
            @JsonPropertyDescription(
                    "metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'] or status.nodeName.")
            String fieldPath) {}
}
