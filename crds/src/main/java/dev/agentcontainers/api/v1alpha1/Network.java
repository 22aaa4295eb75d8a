package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** What an agent may reach over the network. */
@ApiObject
public record Network(
        @MapList("name")
        @Size(max = 64)
        @JsonPropertyDescription(
                "Allowed egress, added to what NetworkPolicies that select the labels allow. Nothing anywhere: nothing is allowed.")
        List<EgressRule> egress) {

    /** One inline egress rule: allows its ports at its peers. */
    @ApiObject
    public record EgressRule(
            @Required
            @Size(min = 1, max = 63)
            @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
            @JsonPropertyDescription("Name of the rule, shown where it decides.")
            String name,

            @Required @Size(min = 1, max = 32) @JsonPropertyDescription("Where to. At least one peer.")
            List<EgressPeer> to,

            @Size(max = 64) @JsonPropertyDescription("Which ports. Default: all of TCP, UDP and SCTP.")
            List<EgressPort> ports) {}

    /** A destination; exactly one kind is set. */
    @ApiObject
    public record EgressPeer(
            @Required @JsonPropertyDescription("A range of addresses.")
            IpBlock ipBlock) {}

    /** A range of addresses. */
    @ApiObject
    @ValidationRule(
            value =
                    "!has(self.except) || self.except.all(e, !isCIDR(e) || !isCIDR(self.cidr) || (cidr(self.cidr).containsCIDR(e) && cidr(e).prefixLength() > cidr(self.cidr).prefixLength()))",
            message = "each except must lie inside cidr and be smaller")
    public record IpBlock(
            @Required
            @Size(min = 1, max = 49)
            @ValidationRule(
                    value = "isCIDR(self) && cidr(self) == cidr(self).masked()",
                    message = "must be a CIDR without host bits, for example 10.20.0.0/16 or 2001:db8::/32")
            @JsonPropertyDescription("The range, for example 10.20.0.0/16.")
            String cidr,

            @Size(max = 32)
            @ValidationRule(
                    value = "self.all(e, isCIDR(e) && cidr(e) == cidr(e).masked())",
                    message = "each must be a CIDR without host bits, for example 10.20.9.0/24")
            @JsonPropertyDescription("Ranges inside cidr that are left out.")
            List<@Size(max = 49) String> except) {}

    /** A port or range of ports. */
    @ApiObject
    @ValidationRule(
            value = "!has(self.endPort) || (has(self.port) && self.endPort >= self.port)",
            message = "endPort needs port and must not be smaller")
    public record EgressPort(
            @Default("TCP") @JsonPropertyDescription("TCP, UDP or SCTP. Default: TCP.")
            Protocol protocol,

            @Min(1) @Max(65535) @JsonPropertyDescription("The port. Default: all.")
            Integer port,

            @Min(1) @Max(65535) @JsonPropertyDescription("Last port of the range that starts at port.")
            Integer endPort) {}
}
