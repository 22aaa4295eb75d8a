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

/** One isolated AI agent. */
@JsonClassDescription(
        "One isolated AI agent: what it runs, how strongly it is isolated, what it may use of a machine and what it may reach over the network.")
@ValidationRule(
        value = "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",
        message =
                "metadata.name must be a DNS label: at most 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("agentcontainers")
@ShortNames("ac")
@Categories({"all", "agents"})
@AdditionalPrinterColumn(name = "Phase", jsonPath = ".status.phase")
@AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(name = "Node", jsonPath = ".status.nodeName")
@AdditionalPrinterColumn(name = "OS", jsonPath = ".spec.platform.os")
@AdditionalPrinterColumn(name = "Isolation", jsonPath = ".status.isolation.effective")
@AdditionalPrinterColumn(name = "Policy", jsonPath = ".status.policy.hash", priority = 1)
@AdditionalPrinterColumn(name = "Address", jsonPath = ".status.addresses[0]", priority = 1)
@AdditionalPrinterColumn(name = "Image", jsonPath = ".spec.image", priority = 1)
@AdditionalPrinterColumn(
        name = "Restarts",
        jsonPath = ".status.restarts",
        type = AdditionalPrinterColumn.Type.INTEGER,
        priority = 1)
@AdditionalPrinterColumn(
        name = "Exit code",
        jsonPath = ".status.exitCode",
        type = AdditionalPrinterColumn.Type.INTEGER,
        priority = 1)
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@JsonInclude(JsonInclude.Include.NON_NULL)
public class AgentContainer extends CustomResource<AgentContainerSpec, AgentContainerStatus> implements Namespaced {
    @Override
    protected AgentContainerSpec initSpec() {
        return null;
    }
}
