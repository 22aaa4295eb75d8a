package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;

/** What is true of a node. The operator writes namespace and the condition Ready, the node agent the rest. */
@ApiObject
@JsonClassDescription(
        "What is true of the node. The operator writes namespace and the condition Ready, the node agent the rest.")
public record AgentNodeStatus(
        @JsonPropertyDescription("The node's own namespace.")
        String namespace,

        @MapList("type") @JsonPropertyDescription("Ready (by the operator), and what the node agent found.")
        List<Condition> conditions,

        @JsonPropertyDescription("Operating system.") OperatingSystem os,
        @JsonPropertyDescription("Architecture.") Architecture arch,
        @JsonPropertyDescription("Kernel or Windows build.") String kernelVersion,

        @JsonPropertyDescription("Name and version of the operating system's distribution.")
        String osImage,

        @JsonPropertyDescription("Version of the node agent.")
        String agentVersion,

        @Size(max = 32) @JsonPropertyDescription("The machine's resources: cpu, memory, ephemeral-storage, agents.")
        Map<String, Quantity> capacity,

        @Size(max = 32) @JsonPropertyDescription("What agents may use of them.")
        Map<String, Quantity> allocatable,

        @MapList("name") @JsonPropertyDescription("Isolation drivers found.")
        List<DriverStatus> drivers) {

    /** An isolation driver on this node. */
    @ApiObject
    public record DriverStatus(
            @Required @JsonPropertyDescription("Name, as IsolationClasses refer to it.")
            String name,

            @JsonPropertyDescription("True where an agent can be run with it.")
            Boolean ready,

            @JsonPropertyDescription("Name and version of what it drives.")
            String version,

            @JsonPropertyDescription("The level that was established on this node.")
            IsolationLevel strength,

            @JsonPropertyDescription("What it can enforce here, for example ephemeral-storage.")
            List<String> features,

            @JsonPropertyDescription("Why it is not ready, or what is limited.")
            String message) {}
}
