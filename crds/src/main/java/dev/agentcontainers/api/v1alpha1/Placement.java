package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** Which nodes may run an agent. */
@ApiObject
public record Placement(
        @Size(max = 64) @JsonPropertyDescription("Labels that the AgentNode must have.")
        Map<@Size(max = 317) String, @Size(max = 63) String> nodeSelector,

        @Size(max = 64) @JsonPropertyDescription("Taints of AgentNodes that the agent puts up with.")
        List<Toleration> tolerations) {}
