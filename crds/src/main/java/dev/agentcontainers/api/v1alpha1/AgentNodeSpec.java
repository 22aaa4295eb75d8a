package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.List;

/** What administrators decide about a node. */
@ApiObject
@JsonClassDescription("What administrators decide about the node.")
@ValidationRule(
        value = "!has(oldSelf.agentCIDR) || (has(self.agentCIDR) && self.agentCIDR == oldSelf.agentCIDR)",
        fieldPath = ".agentCIDR",
        message =
                "spec.agentCIDR is immutable once set, agents have addresses from it: remove the node and let it join again")
public record AgentNodeSpec(
        @JsonPropertyDescription("True: nothing new is placed here. Default: false.")
        Boolean unschedulable,

        @Size(max = 64)
        @ValidationRule(
                value = "self.all(t, t.effect != 'NoExecute')",
                message = "effect NoExecute is not supported, nothing moves agents that run: use NoSchedule and delete"
                        + " the agents that must go")
        @JsonPropertyDescription(
                "Taints with effect NoSchedule, for agents that don't tolerate them nothing is placed here, or"
                        + " PreferNoSchedule, only where there is no other node.")
        List<Taint> taints,

        @JsonPropertyDescription(
                "The strongest isolation level that counts here, whatever the drivers reach. Default: no cap.")
        IsolationLevel maxStrength,

        @Size(min = 1, max = 49)
        @ValidationRule(
                value =
                        "isCIDR(self) && cidr(self) == cidr(self).masked() && cidr(self).ip().family() == 4 && cidr(self).prefixLength() >= 16 && cidr(self).prefixLength() <= 28",
                message = "must be an IPv4 CIDR without host bits and a prefix of 16 to 28, for example 100.80.4.0/22")
        @JsonPropertyDescription(
                "Fleet-unique range of the addresses of agents on this node. Default: the operator takes a free one from its pool.")
        String agentCIDR,

        @Default("80")
        @Min(1)
        @Max(100)
        @JsonPropertyDescription("Percent of the machine's processors and memory that is given to agents. Default: 80.")
        Integer sharePercent) {}
