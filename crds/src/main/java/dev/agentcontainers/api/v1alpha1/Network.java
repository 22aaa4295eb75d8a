package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;

/** What an agent may reach over the network. */
@ApiObject
public record Network(
        @MapList("name")
        @Size(max = 64)
        @JsonPropertyDescription(
                "Allowed egress, added to what NetworkPolicies and EgressPolicies that select the labels allow. Nothing anywhere: nothing is allowed.")
        List<EgressRule> egress) {

    /** CEL: the field is a quantity of 1Ki or more. */
    private static final String IS_COUNTABLE =
            "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('1Ki')) >= 0";

    /** CEL: the field is no more bytes than any agent sends, by far. */
    private static final String IS_NO_WAREHOUSE =
            "!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('1Pi')) <= 0";

    /** CEL: the field is no more than the kernel can reckon with. */
    static final String IS_NO_TRUNK =
            "!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('10G')) <= 0";

    /** One egress rule, inline or of an EgressPolicy: allows its ports at its peers. */
    @ApiObject
    @ValidationRule(
            value =
                    "!has(self.to) || !self.to.exists(p, has(p.domain)) || (has(self.ports) && self.ports.size() > 0 && self.ports.map(p, has(p.port) ? (has(p.endPort) ? p.endPort - p.port + 1 : 1) : 65535).sum() <= 64)",
            message =
                    "a rule with a domain needs ports, at most 64 in all: each is opened at each address that a name resolves to")
    @ValidationRule(
            value = "!has(self.tls) || !has(self.to) || self.to.all(p, has(p.domain))",
            message =
                    "a rule with tls needs a domain for each peer of to: what the connection names is compared with it; put other peers in a rule without tls",
            fieldPath = ".to")
    @ValidationRule(
            value = "!has(self.tls) || !has(self.ports) || self.ports.all(p, !has(p.protocol) || p.protocol == 'TCP')",
            message =
                    "a rule with tls is for ports of protocol TCP; put other ports in a rule without tls (that of QUIC is UDP)",
            fieldPath = ".ports")
    @ValidationRule(
            value = "!has(self.http) || !has(self.to) || self.to.all(p, has(p.domain))",
            message =
                    "a rule with http needs a domain for each peer of to: what a request names is compared with it; put other peers in a rule without http",
            fieldPath = ".to")
    @ValidationRule(
            value = "!has(self.http) || !has(self.ports) || self.ports.all(p, !has(p.protocol) || p.protocol == 'TCP')",
            message = "a rule with http is for ports of protocol TCP; put other ports in a rule without http",
            fieldPath = ".ports")
    @ValidationRule(
            value = "!has(self.quic) || self.quic != 'Allow' || !has(self.to) || self.to.exists(p, has(p.domain))",
            message =
                    "quic: Allow needs a peer with a domain: what ipBlock and selectors allow of UDP is not looked at, so QUIC passes there anyway; take quic out",
            fieldPath = ".quic")
    public record EgressRule(
            @Required
            @Size(min = 1, max = 63)
            @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
            @JsonPropertyDescription("Name of the rule, shown where it decides.")
            String name,

            @Required @Size(min = 1, max = 32) @JsonPropertyDescription("Where to. At least one peer.")
            List<EgressPeer> to,

            @Size(max = 64) @JsonPropertyDescription("Which ports. Default: all of TCP, UDP and SCTP.")
            List<EgressPort> ports,

            @JsonPropertyDescription(
                    "Lets connections pass only as TLS whose server name (SNI) is the very name that the address was resolved for. For rules with domains and TCP. Nothing is decrypted, unless the rule has http too.")
            Tls tls,

            @Size(min = 1, max = 8)
            @JsonPropertyDescription(
                    "Lets connections pass only as HTTP, and of its requests only those that one of these allows: HTTP/1.1 or HTTP/2 without TLS; or, where the rule has tls too, HTTP/1.1 and HTTP/2 inside TLS alone, which is decrypted by an authority of the agent's own. For rules with domains and TCP.")
            List<HttpRequests> http,

            @JsonPropertyDescription(
                    "How much each agent may send and receive by this rule. What a rule without a budget allows too is not counted.")
            Budget budget,

            @JsonPropertyDescription(
                    "What of this rule nodes record. All: what it lets pass, too. Denied: of what only such rules let pass, no more than amounts; what is denied is always recorded. Default: All.")
            Audit audit,

            @JsonPropertyDescription(
                    "Whether QUIC passes to what names resolve to, at the UDP ports of this rule. Deny: neither UDP port 443 is open there, nor does QUIC pass at another. Default: Deny. What ipBlock and selectors allow of UDP is not looked at.")
            Quic quic) {

        /** One that lets no QUIC pass. */
        public EgressRule(
                String name,
                List<EgressPeer> to,
                List<EgressPort> ports,
                Tls tls,
                List<HttpRequests> http,
                Budget budget,
                Audit audit) {
            this(name, to, ports, tls, http, budget, audit, null);
        }

        /** One of which everything is recorded. */
        public EgressRule(
                String name,
                List<EgressPeer> to,
                List<EgressPort> ports,
                Tls tls,
                List<HttpRequests> http,
                Budget budget) {
            this(name, to, ports, tls, http, budget, null);
        }

        /** One without a budget. */
        public EgressRule(String name, List<EgressPeer> to, List<EgressPort> ports, Tls tls, List<HttpRequests> http) {
            this(name, to, ports, tls, http, null);
        }

        /** One that does not look at requests. */
        public EgressRule(String name, List<EgressPeer> to, List<EgressPort> ports, Tls tls) {
            this(name, to, ports, tls, null);
        }
    }

    /** Whether QUIC passes to names. */
    public enum Quic {
        /** As any other UDP. */
        Allow,
        /** Nothing passes at UDP port 443, and no long header of QUIC at others. */
        Deny
    }

    /** What of a rule is recorded. */
    public enum Audit {
        /** What it lets pass, and what is denied. */
        All,
        /** What is denied; what it lets pass is only counted. */
        Denied
    }

    /** How much passes by a rule, of each agent by itself. */
    @ApiObject
    @ValidationRule(value = "has(self.bytes) || has(self.rate)", message = "needs bytes, rate or both")
    public record Budget(
            @ValidationRule(value = IS_COUNTABLE, message = "must be a quantity of 1Ki or more, for example 500Mi")
            @ValidationRule(value = IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonPropertyDescription(
                    "Bytes that the agent may send and receive in its life, restarts included, with their IP headers (of a rule with tls or http these are reckoned); then the rule allows nothing more. For example 500Mi.")
            Quantity bytes,

            @ValidationRule(value = IS_COUNTABLE, message = "must be a quantity of 1Ki or more, for example 500Mi")
            @ValidationRule(value = IS_NO_TRUNK, message = "must not be more than 10G")
            @JsonPropertyDescription(
                    "Bytes that the agent may send and receive in each second; what is more is dropped, or by a rule with tls or http waits. For example 10Mi.")
            Quantity rate) {}

    /** Some requests of HTTP: each of the methods, at each of the paths, of each of the hosts. */
    @ApiObject
    @ValidationRule(
            value =
                    "!has(self.webSocket) || !self.webSocket || !has(self.methods) || self.methods.exists(m, m == 'GET' || m == '*')",
            message = "needs GET or * among methods: what begins a WebSocket is a GET",
            fieldPath = ".webSocket")
    public record HttpRequests(
            @Required
            @Size(min = 1, max = 16)
            @ValidationRule(
                    value = "self.all(m, m.matches('^([A-Z][A-Z0-9_-]*|[*])$') && m != 'CONNECT')",
                    message = "each must be a method in capitals like GET, or * for all; CONNECT never passes")
            @JsonPropertyDescription("The methods, for example GET; * for all.")
            List<@Size(min = 1, max = 32) String> methods,

            @Required
            @Size(min = 1, max = 10)
            @ValidationRule(
                    value =
                            "self.all(p, p.matches('^/([-A-Za-z0-9._~!$&()+,=:@/]|%(2[0-246-9A-C]|3[AC-E]|40|5[BDE]|60|7[B-D]|[89A-F][0-9A-F]))*[*]?$') && !p.matches('(^|/)[.][.]?(/|$)') && !p.contains('//'))",
                    message =
                            "each must be an absolute path like /v1/items, or /v1/* for all that begin so: no query, no ';', no empty or dot segments, percent-encoded only what can't stand for itself, in capitals like %20")
            @JsonPropertyDescription(
                    "The paths without their query, for example /v1/items, or /v1/* for all that begin with /v1/. Compared as they are: capitals and final slashes matter.")
            List<@Size(min = 1, max = 128) String> paths,

            @Size(min = 1, max = 6)
            @ValidationRule(
                    value =
                            "self.all(h, h.matches('^([*][.])?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$') && !h.matches('[.](0x[0-9a-f]*|[0-9]+)$'))",
                    message =
                            "each must be a domain name in lower case and ASCII (xn-- for others) without final dot and port, like www.example.org, or *.example.org for all names below")
            @JsonPropertyDescription(
                    "What requests may name as Host. Default: the very name that the address was resolved for.")
            List<@Size(min = 4, max = 253) String> hosts,

            @JsonPropertyDescription(
                    "Whether its GETs may also ask to go on as a WebSocket (RFC 6455). What passes there is not looked at, in either direction. Default: false; no other upgrade ever passes.")
            Boolean webSocket) {}

    /** What a connection has to be to pass by a rule; says nothing more yet. */
    @ApiObject
    public record Tls() {}

    /** A destination; exactly one kind is set. */
    @ApiObject
    @ValidationRule(
            value =
                    "[has(self.ipBlock), has(self.domain), has(self.podSelector) || has(self.namespaceSelector)].filter(x, x).size() == 1",
            message =
                    "set exactly one of ipBlock, domain and selectors (podSelector, namespaceSelector or both); another peer is another entry of the list")
    public record EgressPeer(
            @JsonPropertyDescription("A range of addresses.")
            IpBlock ipBlock,

            @Size(min = 4, max = 253)
            @ValidationRule(
                    value =
                            "self.matches('^([*][.])?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$') && !self.matches('[.](0x[0-9a-f]*|[0-9]+)$')",
                    message =
                            "must be a domain name in lower case and ASCII (xn-- for others) without final dot, like www.example.org, or *.example.org for all names below; no address in disguise")
            @JsonPropertyDescription(
                    "A domain name, for example www.example.org, or *.example.org for all names below example.org, itself not included.")
            String domain,

            @JsonPropertyDescription(
                    "AgentContainers and Pods by labels, in the agent's namespace or those of namespaceSelector.")
            LabelSelector podSelector,

            @JsonPropertyDescription("Namespaces by labels; alone, all AgentContainers and Pods in them.")
            LabelSelector namespaceSelector) {

        /** A range of addresses. */
        public EgressPeer(IpBlock ipBlock) {
            this(ipBlock, null, null, null);
        }
    }

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
