package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;

/** What an agent is given of the machine. */
@ApiObject
@ValidationRule(
        value = "!has(self.requests) || !has(self.requests.cpu) || !has(self.limits) || !has(self.limits.cpu)"
                + " || !isQuantity(string(self.requests.cpu)) || !isQuantity(string(self.limits.cpu))"
                + " || quantity(string(self.requests.cpu)).compareTo(quantity(string(self.limits.cpu))) <= 0",
        fieldPath = ".requests.cpu",
        message = "requests.cpu must not be greater than limits.cpu")
@ValidationRule(
        value = "!has(self.requests) || !has(self.requests.memory) || !has(self.limits) || !has(self.limits.memory)"
                + " || !isQuantity(string(self.requests.memory)) || !isQuantity(string(self.limits.memory))"
                + " || quantity(string(self.requests.memory)).compareTo(quantity(string(self.limits.memory))) <= 0",
        fieldPath = ".requests.memory",
        message = "requests.memory must not be greater than limits.memory")
@ValidationRule(
        value = "!has(self.requests) || !has(self.requests.ephemeral__dash__storage) || !has(self.limits) ||"
                + " !has(self.limits.ephemeral__dash__storage) ||"
                + " !isQuantity(string(self.requests.ephemeral__dash__storage)) ||"
                + " !isQuantity(string(self.limits.ephemeral__dash__storage)) ||"
                + " quantity(string(self.requests.ephemeral__dash__storage)).compareTo(quantity(string(self.limits.ephemeral__dash__storage)))"
                + " <= 0",
        fieldPath = ".requests['ephemeral-storage']",
        message = "requests.ephemeral-storage must not be greater than limits.ephemeral-storage")
public record Resources(
        @JsonPropertyDescription("What placement reserves. Default: the limits.")
        Requests requests,

        @Default("{}") @JsonPropertyDescription("What the kernel enforces. Default: no limit but that of processes.")
        Limits limits) {

    /** CEL: the field is a quantity greater than 0. */
    static final String IS_POSITIVE = "isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))";

    /** CEL: the field is no more processors than any machine has, by far. */
    private static final String IS_NO_FLEET =
            "!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('100k')) <= 0";

    /** CEL: the field is no more bytes than any machine has, by far. */
    static final String IS_NO_WAREHOUSE =
            "!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('1Pi')) <= 0";

    /** CEL: the field is a rate, in bytes a second, at which a program still ends. */
    private static final String IS_USABLE_RATE =
            "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('64Ki')) >= 0";

    /** CEL: the field is a rate, in bytes a second, that has room for some of an interface's packets each second. */
    private static final String IS_RATE_OF_PACKETS =
            "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('16Ki')) >= 0";

    /** Reserved amounts. */
    @ApiObject
    public record Requests(
            @ValidationRule(value = IS_POSITIVE, message = "must be a quantity greater than 0, for example 500m or 2")
            @ValidationRule(value = IS_NO_FLEET, message = "must not be more than 100k processors")
            @JsonPropertyDescription("Processors, for example 100m or 2.")
            Quantity cpu,

            @ValidationRule(value = IS_POSITIVE, message = "must be a quantity greater than 0, for example 512Mi")
            @ValidationRule(value = IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonPropertyDescription("Memory in bytes, for example 128Mi.")
            Quantity memory,

            @ValidationRule(value = IS_POSITIVE, message = "must be a quantity greater than 0, for example 1Gi")
            @ValidationRule(value = IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonProperty("ephemeral-storage")
            @JsonPropertyDescription("Disk in bytes for the agent's writable files.")
            Quantity ephemeralStorage) {}

    /** Enforced amounts. */
    @ApiObject
    public record Limits(
            @ValidationRule(value = IS_POSITIVE, message = "must be a quantity greater than 0, for example 500m or 2")
            @ValidationRule(value = IS_NO_FLEET, message = "must not be more than 100k processors")
            @JsonPropertyDescription("Processors, for example 500m or 2.")
            Quantity cpu,

            @ValidationRule(value = IS_POSITIVE, message = "must be a quantity greater than 0, for example 512Mi")
            @ValidationRule(value = IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonPropertyDescription("Memory in bytes, for example 512Mi; the agent is killed when it needs more.")
            Quantity memory,

            @ValidationRule(value = IS_POSITIVE, message = "must be a quantity greater than 0, for example 1Gi")
            @ValidationRule(value = IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonProperty("ephemeral-storage")
            @JsonPropertyDescription("Disk in bytes for the agent's writable files; writes beyond it fail.")
            Quantity ephemeralStorage,

            @Default("512")
            @Min(1)
            @Max(4194304)
            @JsonPropertyDescription("Processes and threads; further forks fail. Default: 512.")
            Integer pids,

            @Min(256)
            @Max(1048576)
            @JsonProperty("open-files")
            @JsonPropertyDescription(
                    "Open files of each process; further opens fail. Default: 65536, or the node's own limit where that is lower. Immutable.")
            Integer openFiles,

            @ValidationRule(value = IS_USABLE_RATE, message = "must be a quantity of at least 64Ki, for example 20Mi")
            @ValidationRule(value = IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonProperty("disk-read-rate")
            @JsonPropertyDescription(
                    "Bytes a second that are read from each disk under the agent's files, for example 20Mi; faster reads wait. At least 64Ki. Default: no limit. Immutable.")
            Quantity diskReadRate,

            @ValidationRule(value = IS_USABLE_RATE, message = "must be a quantity of at least 64Ki, for example 20Mi")
            @ValidationRule(value = IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonProperty("disk-write-rate")
            @JsonPropertyDescription(
                    "Bytes a second that are written to each disk under the agent's files, for example 20Mi; faster writes wait. At least 64Ki. Default: no limit. Nodes with control groups of version 1 can't enforce it. Immutable.")
            Quantity diskWriteRate,

            @ValidationRule(
                    value = IS_RATE_OF_PACKETS,
                    message = "must be a quantity of at least 16Ki, for example 10Mi")
            @ValidationRule(value = Network.IS_NO_TRUNK, message = "must not be more than 10G")
            @JsonProperty("network-egress-rate")
            @JsonPropertyDescription(
                    "Bytes a second that the agent sends, whatever to, by its interface, for example 10Mi; what is more is dropped, so that senders slow down. A second's bytes and 128Ki more may go at once. At least 16Ki. Default: no limit.")
            Quantity networkEgressRate,

            @ValidationRule(
                    value = IS_RATE_OF_PACKETS,
                    message = "must be a quantity of at least 16Ki, for example 10Mi")
            @ValidationRule(value = Network.IS_NO_TRUNK, message = "must not be more than 10G")
            @JsonProperty("network-ingress-rate")
            @JsonPropertyDescription(
                    "Bytes a second that come to the agent, whoever from, by its interface, for example 10Mi; what is more is dropped, so that senders slow down. A second's bytes and 128Ki more may come at once. At least 16Ki. Default: no limit.")
            Quantity networkIngressRate) {

        /** With as many open files as the node gives, and as fast disks and network. */
        public Limits(Quantity cpu, Quantity memory, Quantity ephemeralStorage, Integer pids) {
            this(cpu, memory, ephemeralStorage, pids, null, null, null, null, null);
        }
    }
}
