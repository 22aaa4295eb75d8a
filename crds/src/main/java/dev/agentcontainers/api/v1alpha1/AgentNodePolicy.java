package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * Internal: the compiled rulesets of policy groups on one node. Where one object would be too large, a node has several:
 * {@code node}, {@code node-1}, {@code node-2} and so on; its policy is their union, the revision the sum of their generations.
 */
@JsonClassDescription(
        "Internal: the compiled rulesets of the policy groups on one node, in that node's namespace. Written by the operator, its status by the node agent.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("agentnodepolicies")
@AdditionalPrinterColumn(
        name = "Revision",
        jsonPath = ".metadata.generation",
        type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
        name = "Enforced",
        jsonPath = ".status.observedGeneration",
        type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@JsonInclude(JsonInclude.Include.NON_NULL)
public class AgentNodePolicy extends CustomResource<AgentNodePolicySpec, AgentNodePolicyStatus> implements Namespaced {
    @Override
    protected AgentNodePolicySpec initSpec() {
        return null;
    }
}
