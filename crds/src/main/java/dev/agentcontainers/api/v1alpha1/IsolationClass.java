package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A named isolation driver with parameters. Cluster-scoped. */
@JsonClassDescription(
        "A named isolation driver with parameters, which AgentContainers choose by spec.isolation.className.")
@ValidationRule(
        value = "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",
        message =
                "metadata.name must be a DNS label: at most 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit")
@Group(Api.GROUP)
@Version(Api.VERSION)
@Plural("isolationclasses")
@ShortNames("ic")
@Categories("agents")
@AdditionalPrinterColumn(name = "Driver", jsonPath = ".spec.driver")
@AdditionalPrinterColumn(name = "Level", jsonPath = ".spec.level")
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@JsonInclude(JsonInclude.Include.NON_NULL)
public class IsolationClass extends CustomResource<IsolationClassSpec, Void> {}
