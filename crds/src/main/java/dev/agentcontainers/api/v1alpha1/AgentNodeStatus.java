package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;

/** What is true of a node. The operator writes namespace and the condition Ready, the node agent the rest. */
@ApiObject
@JsonClassDescription(
        "What is true of the node. The operator writes namespace and the condition Ready, the node agent the rest.")
public record AgentNodeStatus(
        @JsonPropertyDescription("The node's own namespace.")
        String namespace,

        @MapList("type") @Size(max = 32) @JsonPropertyDescription("Ready, by the operator.")
        List<Condition> conditions,

        @JsonPropertyDescription("Operating system.") OperatingSystem os,
        @JsonPropertyDescription("Architecture.") Architecture arch,
        @JsonPropertyDescription("Kernel or Windows build.") String kernelVersion,

        @JsonPropertyDescription("Name and version of the operating system's distribution.")
        String osImage,

        @JsonPropertyDescription("Version of the node agent.")
        String agentVersion,

        @Size(max = 32)
        @ValidationRule(value = ARE_AMOUNTS, message = AMOUNTS)
        @JsonPropertyDescription("The machine's resources: cpu, memory, ephemeral-storage, agents.")
        Map<String, Quantity> capacity,

        @Size(max = 32)
        @ValidationRule(value = ARE_AMOUNTS, message = AMOUNTS)
        @JsonPropertyDescription("What agents may use of them.")
        Map<String, Quantity> allocatable,

        @MapList("name") @Size(max = 32) @JsonPropertyDescription("Isolation drivers found.")
        List<DriverStatus> drivers,

        @Size(max = 253)
        @JsonPropertyDescription(
                "Value of the annotation agentcontainers.dev/verify for which the drivers were last verified.")
        String verified) {

    /** CEL: each value is a quantity that placement can reckon with. */
    private static final String ARE_AMOUNTS = "self.all(name, isQuantity(string(self[name]))"
            + " && quantity(string(self[name])).compareTo(quantity('0')) >= 0"
            + " && quantity(string(self[name])).compareTo(quantity('1Ei')) <= 0)";

    private static final String AMOUNTS = "each must be a quantity from 0 to 1Ei, for example 4 or 16Gi";

    /** An isolation driver on this node. */
    @ApiObject
    public record DriverStatus(
            @Required @JsonPropertyDescription("Name, as IsolationClasses refer to it.")
            String name,

            @JsonPropertyDescription("True where an agent can be run with it.")
            Boolean ready,

            @JsonPropertyDescription("Name and version of what it drives.")
            String version,

            @JsonPropertyDescription("The level that was established on this node.")
            IsolationLevel strength,

            @JsonPropertyDescription(
                    "What it can do here: host-root (run the node's own programs), image (run images), ephemeral-storage (limit what is written to disk), disk-read-rate and disk-write-rate (limit how fast disks are used), network-egress-rate and network-ingress-rate (limit how fast the network is used), suspension (leave suspended agents unstarted), session (give agents sessions), display (give those displays).")
            @Size(max = 32)
            List<@Size(max = 63) String> features,

            @JsonPropertyDescription("Why it is not ready, or what is limited.")
            String message,

            @JsonPropertyDescription("What its isolation has withstood here; none before it was measured.")
            Verification verification,

            @JsonPropertyDescription(
                    "What each of its agents takes of this node beside what it requests. Absent where that is nothing.")
            Overhead overhead) {

        /** Whose agents take what they request. */
        public DriverStatus(
                String name,
                Boolean ready,
                String version,
                IsolationLevel strength,
                List<String> features,
                String message,
                Verification verification) {
            this(name, ready, version, strength, features, message, verification, null);
        }
    }

    /** What an agent takes of its node beside what it requests. */
    @ApiObject
    public record Overhead(
            @JsonPropertyDescription("Memory, of a machine monitor for example.")
            Quantity memory) {}

    /** What a driver's isolation has withstood. */
    @ApiObject
    public record Verification(
            @Size(max = 63)
            @JsonPropertyDescription("Version of the attempts: results of one version can be compared between nodes.")
            String suite,

            @JsonPropertyDescription("When it was measured.")
            String at,

            @JsonPropertyDescription("Attempts that had no effect on the host.")
            Integer passed,

            @JsonPropertyDescription("Attempts that had one.")
            Integer failed,

            @JsonPropertyDescription("Attempts of which that is not known.")
            Integer unknown,

            @JsonPropertyDescription("Attempts that can't be made here.")
            Integer notApplicable,

            @Size(max = 128) @JsonPropertyDescription("Each attempt to break out.")
            List<Probe> probes) {}

    /** An attempt to break out of a sandbox. */
    @ApiObject
    public record Probe(
            @Required @Size(max = 63) @JsonPropertyDescription("Its name.")
            String name,

            @JsonPropertyDescription("The weakest level that must withstand it.")
            IsolationLevel level,

            @JsonPropertyDescription("How it is judged, by its effect on the host.")
            Verdict verdict,

            @Size(max = 256) @JsonPropertyDescription("What was seen.")
            String evidence) {}

    /** How an attempt is judged. */
    public enum Verdict {
        Passed,
        Failed,
        Unknown,
        NotApplicable
    }
}
