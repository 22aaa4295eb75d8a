package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.Version;

/** Internal: one AgentContainer's work for one node, in that node's namespace, named by the AgentContainer's UID. */
@JsonClassDescription(
        "Internal: the work of one AgentContainer for one node, in that node's namespace, named by the AgentContainer's UID. Written by the operator, its status by the node agent.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("agentassignments")
@AdditionalPrinterColumn(name = "Agent namespace", jsonPath = ".spec.agent.namespace")
@AdditionalPrinterColumn(name = "Agent", jsonPath = ".spec.agent.name")
@AdditionalPrinterColumn(name = "Phase", jsonPath = ".status.phase")
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@JsonInclude(JsonInclude.Include.NON_NULL)
public class AgentAssignment extends CustomResource<AgentAssignmentSpec, AgentAssignmentStatus> implements Namespaced {
    @Override
    protected AgentAssignmentSpec initSpec() {
        return null;
    }
}
