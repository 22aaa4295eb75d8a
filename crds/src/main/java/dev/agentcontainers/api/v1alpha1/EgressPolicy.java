package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** What some agents of a namespace may reach. Has no status: what holds of it an agent's says. */
@JsonClassDescription(
        "What AgentContainers of its namespace may reach over the network, also by domain names, which a NetworkPolicy can't say. Adds to NetworkPolicies and to the AgentContainers' own rules.")
@ValidationRule(
        value = "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",
        message =
                "metadata.name must be a DNS label: at most 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("egresspolicies")
@ShortNames("egp")
@Categories("agents")
@AdditionalPrinterColumn(name = "Agents", jsonPath = ".spec.agentSelector")
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@JsonInclude(JsonInclude.Include.NON_NULL)
public class EgressPolicy extends CustomResource<EgressPolicySpec, Void> implements Namespaced {
    @Override
    protected EgressPolicySpec initSpec() {
        return null;
    }
}
