package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A machine that runs agents. Cluster-scoped. */
@JsonClassDescription("A machine that runs agents. Made by the operator when a node agent joins.")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("agentnodes")
@ShortNames("an")
@Categories("agents")
@AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(name = "OS", jsonPath = ".status.os")
@AdditionalPrinterColumn(name = "Arch", jsonPath = ".status.arch")
@AdditionalPrinterColumn(name = "Drivers", jsonPath = ".status.drivers[?(@.ready==true)].name")
@AdditionalPrinterColumn(
        name = "Unschedulable",
        jsonPath = ".spec.unschedulable",
        type = AdditionalPrinterColumn.Type.BOOLEAN,
        priority = 1)
@AdditionalPrinterColumn(name = "Kernel", jsonPath = ".status.kernelVersion", priority = 1)
@AdditionalPrinterColumn(name = "CIDR", jsonPath = ".spec.agentCIDR", priority = 1)
@AdditionalPrinterColumn(name = "Version", jsonPath = ".status.agentVersion", priority = 1)
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@JsonInclude(JsonInclude.Include.NON_NULL)
public class AgentNode extends CustomResource<AgentNodeSpec, AgentNodeStatus> {
    /** Annotation: each new value has the node verify the isolation of its drivers once; see {@code status.verified}. */
    public static final String VERIFY = "agentcontainers.dev/verify";

    @Override
    protected AgentNodeSpec initSpec() {
        return null;
    }
}
