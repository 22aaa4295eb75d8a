package dev.agentcontainers.assignment.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.agentcontainers.api.v1alpha1.Filesystem.EmptyDir;
import dev.agentcontainers.api.v1alpha1.ImageSyntax;
import dev.agentcontainers.api.v1alpha1.Session;
import dev.agentcontainers.policy.box.Cidr;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The schemas' CEL rules as Java, found by their text: an interpreter of CEL takes longer to load than everything else in
 * a short run. A rule that is not here is an error, never passed over; a test compares with the schemas, and the table of
 * bad manifests with a real API server.
 */
final class ValidationRules {
    private static final Pattern CLIMBS = Pattern.compile("(^|/)[.][.]?(/|$)");
    private static final Pattern ABSOLUTE = Pattern.compile("(/[^/]+)+");
    private static final Pattern KERNEL_PATH = Pattern.compile("^/(proc|sys|dev)(/|$)");
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
    private static final Pattern FILE_NAME = Pattern.compile("[-._a-zA-Z0-9]{1,253}");
    private static final Pattern DOMAIN =
            Pattern.compile("([*][.])?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final Pattern ENDS_IN_NUMBER = Pattern.compile("[.](0x[0-9a-f]*|[0-9]+)$");
    private static final Pattern METHOD = Pattern.compile("[A-Z][A-Z0-9_-]*|[*]");
    private static final Pattern PATH_OF_REQUESTS = Pattern.compile(
            "/([-A-Za-z0-9._~!$&()+,=:@/]|%(2[0-246-9A-C]|3[AC-E]|40|5[BDE]|60|7[B-D]|[89A-F][0-9A-F]))*[*]?");
    private static final Pattern IMAGE = Pattern.compile(ImageSyntax.REFERENCE);
    private static final int MOST_PORTS_OF_NAMES = 64;
    private static final int MOST_PORT = 65_535;
    private static final BigDecimal LEAST_OF_BUDGETS = BigDecimal.valueOf(1024);
    private static final BigDecimal LEAST_STORAGE = BigDecimal.valueOf(16L << 20);
    private static final BigDecimal LEAST_RATE = BigDecimal.valueOf(64L << 10);
    private static final BigDecimal LEAST_NETWORK_RATE = BigDecimal.valueOf(16L << 10);
    private static final int MOST_PARTS = 8;
    private static final String HAS_HOME =
            "has(self.session) && has(self.session.persistentHome) && self.session.persistentHome";
    private static final Pattern PREFIX_LENGTH = Pattern.compile("[^/]+/(0|[1-9][0-9]{0,2})");
    private static final Pattern QUALIFIED_NAME = Pattern.compile(
            "([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");
    private static final Cidr IPV4_MAPPED = Cidr.parse("::ffff:0:0/96");
    private static final Pattern FIELD_PATH =
            Pattern.compile("metadata[.](name|namespace|uid|(labels|annotations)\\['[^']+'\\])|status[.]nodeName");

    private static final Map<String, Predicate<JsonNode>> RULES = rules();

    private ValidationRules() {}

    /** Empty for a rule about changes, which only concerns objects that are there already. */
    static Optional<Predicate<JsonNode>> named(String rule) {
        if (rule.contains("oldSelf")) {
            return Optional.empty();
        }
        Predicate<JsonNode> known = RULES.get(rule);
        if (known == null) {
            throw new IllegalStateException("the schema has a rule that this version can't check: " + rule);
        }
        return Optional.of(known);
    }

    private static Map<String, Predicate<JsonNode>> rules() {
        Map<String, Predicate<JsonNode>> rules = new HashMap<>();
        addRulesOfAgents(rules);
        addRulesOfImages(rules);
        addRulesOfProbes(rules);
        addRulesOfResources(rules);
        addRulesOfNetworks(rules);
        addRulesOfTolerations(rules);
        rules.put(
                "keys of data and binaryData are file names and differ",
                self -> haveFileNames(self, "data", "binaryData")
                        && names(self.path("data")).noneMatch(self.path("binaryData")::has));
        rules.put(
                "keys are qualified names",
                self -> names(self).allMatch(key -> QUALIFIED_NAME.matcher(key).matches()));
        rules.put("keys of data and stringData are file names", self -> haveFileNames(self, "data", "stringData"));
        return Collections.unmodifiableMap(rules);
    }

    private static void addRulesOfImages(Map<String, Predicate<JsonNode>> rules) {
        rules.put(
                "self.matches(r'" + ImageSyntax.REFERENCE + "')",
                self -> IMAGE.matcher(self.asText()).matches());
        rules.put("has(self.image) || has(self.command)", self -> self.has("image") || self.has("command"));
        rules.put(
                "has(self.image) || !has(self.imagePullPolicy)",
                self -> self.has("image") || !self.has("imagePullPolicy"));
        rules.put(
                "has(self.image) || !has(self.imagePullSecrets) || (has(self.filesystem) && has(self.filesystem.mounts) && self.filesystem.mounts.exists(m, has(m.source) && has(m.source.image)))",
                self -> self.has("image")
                        || !self.has("imagePullSecrets")
                        || elements(self.path("filesystem").path("mounts"))
                                .anyMatch(mount -> mount.path("source").has("image")));
        rules.put(
                "!(self.access == 'ReadWrite' && has(self.source) && has(self.source.image))",
                self -> !(self.path("access").asText().equals("ReadWrite")
                        && self.path("source").has("image")));
    }

    private static void addRulesOfAgents(Map<String, Predicate<JsonNode>> rules) {
        rules.put(
                "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",
                self -> {
                    String name = self.path("metadata").path("name").asText();
                    return LABEL.matcher(name).matches() && name.length() <= 63;
                });
        rules.put(
                "self.matches(\"^(metadata[.](name|namespace|uid|(labels|annotations)\\\\['[^']+'\\\\])|status[.]nodeName)$\")",
                self -> FIELD_PATH.matcher(self.asText()).matches());
        rules.put(
                "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].filter(x, x).size() == 1",
                self -> exactlyOne(self, "secretKeyRef", "configMapKeyRef", "fieldRef"));
        rules.put("!(has(self.value) && has(self.valueFrom))", self -> !(self.has("value") && self.has("valueFrom")));
        rules.put(
                "self.matches('^(/[^/]+)+$') && !self.matches('(^|/)[.][.]?(/|$)')",
                self -> ABSOLUTE.matcher(self.asText()).matches()
                        && !CLIMBS.matcher(self.asText()).find());
        rules.put(
                "!self.matches('^/(proc|sys|dev)(/|$)')",
                self -> !KERNEL_PATH.matcher(self.asText()).find());
        rules.put(
                "[has(self.workspace), has(self.emptyDir), has(self.hostPath), has(self.image), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",
                self -> exactlyOne(self, "workspace", "emptyDir", "hostPath", "image", "configMap", "secret"));
        addRulesOfDirectories(rules);
        addRulesOfParts(rules);
        rules.put(
                "(self.access == 'Denied') != has(self.source)",
                self -> self.path("access").asText().equals("Denied") != self.has("source"));
        rules.put(
                "!(self.access == 'ReadWrite' && has(self.source) && (has(self.source.configMap) || has(self.source.secret)))",
                self -> !(self.path("access").asText().equals("ReadWrite")
                        && (self.path("source").has("configMap")
                                || self.path("source").has("secret"))));
        rules.put("has(self.className) != has(self.minimum)", self -> self.has("className") != self.has("minimum"));
        rules.put(
                "self.startsWith('/') && !self.matches('(^|/)[.][.]?(/|$)')",
                self -> self.asText().startsWith("/")
                        && !CLIMBS.matcher(self.asText()).find());
    }

    private static void addRulesOfDirectories(Map<String, Predicate<JsonNode>> rules) {
        rules.put(
                "!has(self.source) || !has(self.source.emptyDir) || self.access == 'ReadWrite'",
                self -> !self.path("source").has("emptyDir")
                        || self.path("access").asText().equals("ReadWrite"));
        rules.put(
                "!has(self.medium) || self.medium != 'Memory' || has(self.sizeLimit)",
                self -> !isInMemory(self) || self.has("sizeLimit"));
        rules.put(
                "self == '' || self == 'Directory'",
                self -> List.of("", "Directory").contains(self.asText()));
        rules.put(
                "self == '' || self == 'Memory'",
                self -> List.of("", EmptyDir.MEMORY).contains(self.asText()));
        rules.put(
                "(has(self.resources) && has(self.resources.limits) && has(self.resources.limits.ephemeral__dash__storage)) || !has(self.filesystem) || !has(self.filesystem.mounts) || self.filesystem.mounts.all(m, !has(m.source) || !has(m.source.emptyDir) || !has(m.source.emptyDir.sizeLimit) || (has(m.source.emptyDir.medium) && m.source.emptyDir.medium == 'Memory'))",
                self -> self.path("resources").path("limits").has("ephemeral-storage")
                        || elements(self.path("filesystem").path("mounts"))
                                .map(mount -> mount.path("source").path("emptyDir"))
                                .allMatch(empty -> !empty.has("sizeLimit") || isInMemory(empty)));
    }

    /** How an agent's limit of storage is divided; the node's rules of it, which has the last word. */
    private static void addRulesOfParts(Map<String, Predicate<JsonNode>> rules) {
        String onDisk = "(!has(m.source.emptyDir.medium) || m.source.emptyDir.medium != 'Memory')";
        String part = "has(m.source) && has(m.source.emptyDir) && has(m.source.emptyDir.sizeLimit) && " + onDisk;
        String shared = "m.access == 'ReadWrite' && has(m.source) && (has(m.source.workspace)"
                + " || (has(m.source.emptyDir) && !has(m.source.emptyDir.sizeLimit) && " + onDisk + "))";
        String limit = "self.resources.limits.ephemeral__dash__storage";
        rules.put(
                "!has(self.mounts) || self.mounts.filter(m, " + part + ").size() <= 8",
                self -> partsOf(self.path("mounts")).count() <= MOST_PARTS);
        rules.put(
                "(has(self.medium) && self.medium == 'Memory') || !has(self.sizeLimit)"
                        + " || !isQuantity(string(self.sizeLimit))"
                        + " || quantity(string(self.sizeLimit)).compareTo(quantity('16Mi')) >= 0",
                self -> isInMemory(self) || isEnoughStorage(self.path("sizeLimit")));
        rules.put(
                ("!has(self.resources) || !has(self.resources.limits) || !has(%1$s) || !isQuantity(string(%1$s))"
                                + " || !has(self.filesystem) || !has(self.filesystem.mounts)"
                                + " || !self.filesystem.mounts.exists(m, %2$s) || self.filesystem.mounts.map(m, %2$s"
                                + " && isQuantity(string(m.source.emptyDir.sizeLimit)),"
                                + " quantity(string(m.source.emptyDir.sizeLimit)).asApproximateFloat()).sum()"
                                + " + (has(self.image) || %4$s || self.filesystem.mounts.exists(m, %3$s) ? 16777216.0 : 0.0)"
                                + " <= quantity(string(%1$s)).asApproximateFloat()")
                        .formatted(limit, part, shared, HAS_HOME),
                ValidationRules::holdsItsParts);
        rules.put(
                "!has(self.session) || !has(self.filesystem) || !has(self.filesystem.mounts)"
                        + " || self.filesystem.mounts.all(m, m.path != '/run/session' && (m.path != '/home/agent' || !("
                        + HAS_HOME + ")))",
                self -> !self.has("session")
                        || elements(self.path("filesystem").path("mounts"))
                                .map(mount -> mount.path("path").asText())
                                .noneMatch(path -> path.equals(Session.RUNTIME_DIRECTORY)
                                        || path.equals(Session.HOME) && hasHome(self)));
        rules.put(
                "!has(self.session) || !has(self.session.display) || !has(self.filesystem)"
                        + " || !has(self.filesystem.mounts) || self.filesystem.mounts.all(m, m.path != '/tmp'"
                        + " && m.path != '/tmp/.X11-unix')",
                self -> !self.path("session").has("display")
                        || elements(self.path("filesystem").path("mounts"))
                                .map(mount -> mount.path("path").asText())
                                .noneMatch(Session.PLACES_OF_DISPLAYS::contains));
    }

    private static boolean hasHome(JsonNode spec) {
        return spec.path("session").path("persistentHome").asBoolean();
    }

    private static boolean holdsItsParts(JsonNode spec) {
        JsonNode mounts = spec.path("filesystem").path("mounts");
        Optional<BigDecimal> limit =
                quantity(spec.path("resources").path("limits").path("ephemeral-storage"));
        if (limit.isEmpty() || partsOf(mounts).findAny().isEmpty()) {
            return true;
        }
        BigDecimal parts = partsOf(mounts)
                .flatMap(part -> quantity(part.path("sizeLimit")).stream())
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        boolean shared = spec.has("image") || hasHome(spec) || elements(mounts).anyMatch(ValidationRules::isShared);
        return parts.add(shared ? LEAST_STORAGE : BigDecimal.ZERO).compareTo(limit.get()) <= 0;
    }

    private static Stream<JsonNode> partsOf(JsonNode mounts) {
        return elements(mounts)
                .map(mount -> mount.path("source").path("emptyDir"))
                .filter(empty -> empty.has("sizeLimit") && !isInMemory(empty));
    }

    private static boolean isShared(JsonNode mount) {
        JsonNode source = mount.path("source");
        JsonNode empty = source.path("emptyDir");
        return mount.path("access").asText().equals("ReadWrite")
                && (source.has("workspace")
                        || (source.has("emptyDir") && !empty.has("sizeLimit") && !isInMemory(empty)));
    }

    private static boolean isEnoughStorage(JsonNode stated) {
        return quantity(stated)
                .filter(amount -> amount.compareTo(LEAST_STORAGE) < 0)
                .isEmpty();
    }

    private static boolean isInMemory(JsonNode emptyDirectory) {
        return emptyDirectory.path("medium").asText().equals(EmptyDir.MEMORY);
    }

    private static void addRulesOfProbes(Map<String, Predicate<JsonNode>> rules) {
        for (String probe : List.of("startup", "readiness", "liveness")) {
            for (String handler : List.of("httpGet", "tcpSocket")) {
                String its = "self.probes." + probe;
                rules.put(
                        ("!has(self.probes) || !has(%1$s) || !has(%1$s.%2$s) || type(%1$s.%2$s.port) != string"
                                        + " || (has(self.ports) && self.ports.exists(p, p.name == %1$s.%2$s.port"
                                        + " && (!has(p.protocol) || p.protocol == 'TCP')))")
                                .formatted(its, handler),
                        self -> isPortOf(
                                self,
                                self.path("probes").path(probe).path(handler).path("port")));
            }
        }
        for (String probe : List.of("startup", "liveness")) {
            rules.put(
                    "!has(self.%1$s) || !has(self.%1$s.successThreshold) || self.%1$s.successThreshold == 1"
                            .formatted(probe),
                    self -> self.path(probe).path("successThreshold").asInt(1) == 1);
        }
        rules.put(
                "!has(self.readiness) || !has(self.readiness.terminationGracePeriodSeconds)",
                self -> !self.path("readiness").has("terminationGracePeriodSeconds"));
        rules.put(
                "[has(self.exec), has(self.httpGet), has(self.tcpSocket)].filter(x, x).size() == 1",
                self -> exactlyOne(self, "exec", "httpGet", "tcpSocket"));
        rules.put(
                "type(self) == string ? self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') : (self >= 1 && self <= 65535)",
                self -> self.isTextual()
                        ? LABEL.matcher(self.asText()).matches()
                        : self.asLong() >= 1 && self.asLong() <= MOST_PORT);
    }

    private static boolean isPortOf(JsonNode spec, JsonNode port) {
        return !port.isTextual()
                || elements(spec.path("ports"))
                        .anyMatch(each -> each.path("name").asText().equals(port.asText())
                                && each.path("protocol").asText("TCP").equals("TCP"));
    }

    private static void addRulesOfResources(Map<String, Predicate<JsonNode>> rules) {
        rules.put(
                "isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
                self -> quantity(self).filter(amount -> amount.signum() > 0).isPresent());
        rules.put(
                "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('64Ki')) >= 0",
                self -> quantity(self)
                        .filter(amount -> amount.compareTo(LEAST_RATE) >= 0)
                        .isPresent());
        rules.put(
                "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('16Ki')) >= 0",
                self -> quantity(self)
                        .filter(amount -> amount.compareTo(LEAST_NETWORK_RATE) >= 0)
                        .isPresent());
        for (String most : List.of("100k", "1Pi", "10G")) {
            BigDecimal amount = Quantity.parse(most).getNumericalAmount();
            rules.put(
                    "!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('%s')) <= 0"
                            .formatted(most),
                    self -> quantity(self)
                            .filter(stated -> stated.compareTo(amount) > 0)
                            .isEmpty());
        }
        Map.of("cpu", "cpu", "memory", "memory", "ephemeral-storage", "ephemeral__dash__storage")
                .forEach((field, name) -> rules.put(
                        ("!has(self.requests) || !has(self.requests.%1$s) || !has(self.limits) || !has(self.limits.%1$s)"
                                        + " || !isQuantity(string(self.requests.%1$s)) || !isQuantity(string(self.limits.%1$s))"
                                        + " || quantity(string(self.requests.%1$s)).compareTo(quantity(string(self.limits.%1$s))) <= 0")
                                .formatted(name),
                        self -> isAtMost(
                                self.path("requests").path(field),
                                self.path("limits").path(field))));
    }

    private static void addRulesOfNetworks(Map<String, Predicate<JsonNode>> rules) {
        rules.put("isCIDR(self)", self -> cidr(self.asText()).isPresent());
        rules.put("isCIDR(self) && cidr(self) == cidr(self).masked()", self -> isWithoutHostBits(self.asText()));
        rules.put(
                "self.all(e, isCIDR(e) && cidr(e) == cidr(e).masked())",
                self -> elements(self).allMatch(each -> isWithoutHostBits(each.asText())));
        rules.put(
                "!has(self.except) || self.except.all(e, !isCIDR(e) || !isCIDR(self.cidr) || (cidr(self.cidr).containsCIDR(e) && cidr(e).prefixLength() > cidr(self.cidr).prefixLength()))",
                self -> {
                    Optional<Cidr> whole = cidr(self.path("cidr").asText());
                    return elements(self.path("except"))
                            .flatMap(each -> cidr(each.asText()).stream())
                            .allMatch(each -> whole.isEmpty() || isInside(each, whole.get()));
                });
        rules.put(
                "!has(self.endPort) || (has(self.port) && self.endPort >= self.port)",
                self -> !self.has("endPort")
                        || (self.path("port").isIntegralNumber()
                                && self.path("endPort").asInt()
                                        >= self.path("port").asInt()));
        rules.put(
                "!has(self.port) || type(self.port) == string || (self.port >= 1 && self.port <= 65535)",
                self -> !self.path("port").isIntegralNumber()
                        || (self.path("port").asLong() >= 1 && self.path("port").asLong() <= 65_535));
        rules.put(
                "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
                self -> self.has("ipBlock") != (self.has("podSelector") || self.has("namespaceSelector")));
        rules.put(
                "[has(self.ipBlock), has(self.domain), has(self.podSelector) || has(self.namespaceSelector)].filter(x, x).size() == 1",
                self -> Stream.of(
                                        self.has("ipBlock"),
                                        self.has("domain"),
                                        self.has("podSelector") || self.has("namespaceSelector"))
                                .filter(isSet -> isSet)
                                .count()
                        == 1);
        rules.put(
                "self.matches('^([*][.])?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$') && !self.matches('[.](0x[0-9a-f]*|[0-9]+)$')",
                self -> DOMAIN.matcher(self.asText()).matches()
                        && !ENDS_IN_NUMBER.matcher(self.asText()).find());
        rules.put(
                "!has(self.to) || !self.to.exists(p, has(p.domain)) || (has(self.ports) && self.ports.size() > 0 && self.ports.map(p, has(p.port) ? (has(p.endPort) ? p.endPort - p.port + 1 : 1) : 65535).sum() <= 64)",
                self -> elements(self.path("to")).noneMatch(peer -> peer.has("domain"))
                        || (!self.path("ports").isEmpty()
                                && elements(self.path("ports"))
                                                .mapToLong(ValidationRules::width)
                                                .sum()
                                        <= MOST_PORTS_OF_NAMES));
        rules.put(
                "!has(self.tls) || !has(self.to) || self.to.all(p, has(p.domain))",
                self -> !self.has("tls") || elements(self.path("to")).allMatch(peer -> peer.has("domain")));
        rules.put(
                "!has(self.tls) || !has(self.ports) || self.ports.all(p, !has(p.protocol) || p.protocol == 'TCP')",
                self -> !self.has("tls")
                        || elements(self.path("ports"))
                                .allMatch(port ->
                                        port.path("protocol").asText("TCP").equals("TCP")));
        addRulesOfHttp(rules);
        addRulesOfBudgets(rules);
        rules.put(
                "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
                self -> self.path("operator").asText().endsWith("In")
                        == !self.path("values").isEmpty());
    }

    private static void addRulesOfBudgets(Map<String, Predicate<JsonNode>> rules) {
        rules.put(
                "!has(self.quic) || self.quic != 'Allow' || !has(self.to) || self.to.exists(p, has(p.domain))",
                self -> !self.path("quic").asText().equals("Allow")
                        || !self.has("to")
                        || elements(self.path("to")).anyMatch(peer -> peer.has("domain")));
        rules.put("has(self.bytes) || has(self.rate)", self -> self.has("bytes") || self.has("rate"));
        rules.put(
                "isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('1Ki')) >= 0",
                self -> quantity(self)
                        .filter(amount -> amount.compareTo(LEAST_OF_BUDGETS) >= 0)
                        .isPresent());
    }

    private static void addRulesOfHttp(Map<String, Predicate<JsonNode>> rules) {
        rules.put(
                "!has(self.http) || !has(self.to) || self.to.all(p, has(p.domain))",
                self -> !self.has("http") || elements(self.path("to")).allMatch(peer -> peer.has("domain")));
        rules.put(
                "!has(self.http) || !has(self.ports) || self.ports.all(p, !has(p.protocol) || p.protocol == 'TCP')",
                self -> !self.has("http")
                        || elements(self.path("ports"))
                                .allMatch(port ->
                                        port.path("protocol").asText("TCP").equals("TCP")));
        rules.put(
                "self.all(m, m.matches('^([A-Z][A-Z0-9_-]*|[*])$') && m != 'CONNECT')",
                self -> elements(self)
                        .map(JsonNode::asText)
                        .allMatch(method -> METHOD.matcher(method).matches() && !method.equals("CONNECT")));
        rules.put(
                "!has(self.webSocket) || !self.webSocket || !has(self.methods) || self.methods.exists(m, m == 'GET' || m == '*')",
                self -> !self.path("webSocket").asBoolean()
                        || !self.has("methods")
                        || elements(self.path("methods"))
                                .map(JsonNode::asText)
                                .anyMatch(method -> method.equals("GET") || method.equals("*")));
        rules.put(
                "self.all(p, p.matches('^/([-A-Za-z0-9._~!$&()+,=:@/]|%(2[0-246-9A-C]|3[AC-E]|40|5[BDE]|60|7[B-D]|[89A-F][0-9A-F]))*[*]?$') && !p.matches('(^|/)[.][.]?(/|$)') && !p.contains('//'))",
                self -> elements(self)
                        .map(JsonNode::asText)
                        .allMatch(path -> PATH_OF_REQUESTS.matcher(path).matches()
                                && !CLIMBS.matcher(path).find()
                                && !path.contains("//")));
        rules.put(
                "self.all(h, h.matches('^([*][.])?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$') && !h.matches('[.](0x[0-9a-f]*|[0-9]+)$'))",
                self -> elements(self)
                        .map(JsonNode::asText)
                        .allMatch(host -> DOMAIN.matcher(host).matches()
                                && !ENDS_IN_NUMBER.matcher(host).find()));
    }

    private static long width(JsonNode ports) {
        if (!ports.has("port")) {
            return 65_535;
        }
        long first = ports.path("port").asLong();
        return ports.path("endPort").asLong(first) - first + 1;
    }

    private static void addRulesOfTolerations(Map<String, Predicate<JsonNode>> rules) {
        rules.put(
                "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
                self -> self.has("key") || self.path("operator").asText().equals("Exists"));
        rules.put(
                "!(has(self.operator) && self.operator == 'Exists' && has(self.value) && self.value != '')",
                self -> !(self.path("operator").asText().equals("Exists")
                        && !self.path("value").asText().isEmpty()));
        rules.put("!has(self.tolerationSeconds)", self -> !self.has("tolerationSeconds"));
    }

    private static boolean exactlyOne(JsonNode self, String... fields) {
        return Stream.of(fields).filter(self::has).count() == 1;
    }

    private static boolean haveFileNames(JsonNode self, String first, String second) {
        return Stream.concat(names(self.path(first)), names(self.path(second)))
                .allMatch(key -> FILE_NAME.matcher(key).matches() && !key.equals(".") && !key.startsWith(".."));
    }

    private static Stream<String> names(JsonNode object) {
        return object.properties().stream().map(Map.Entry::getKey);
    }

    private static Stream<JsonNode> elements(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    private static boolean isAtMost(JsonNode request, JsonNode limit) {
        Optional<BigDecimal> requested = quantity(request);
        Optional<BigDecimal> limited = quantity(limit);
        return requested.isEmpty() || limited.isEmpty() || requested.get().compareTo(limited.get()) <= 0;
    }

    private static Optional<BigDecimal> quantity(JsonNode value) {
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        String text = value.asText();
        // What the API server's grammar has and a lenient reader would pass: digits first, a known suffix last.
        if (!text.matches("[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Quantity.parse(text).getNumericalAmount());
        } catch (ArithmeticException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static boolean isInside(Cidr part, Cidr whole) {
        return whole.contains(part) && part.prefixLength() > whole.prefixLength();
    }

    private static boolean isWithoutHostBits(String text) {
        return cidr(text)
                .filter(range -> Cidr.parse(text.substring(0, text.indexOf('/')))
                        .address()
                        .equals(range.address()))
                .isPresent();
    }

    private static Optional<Cidr> cidr(String text) {
        if (!PREFIX_LENGTH.matcher(text).matches()) {
            return Optional.empty();
        }
        try {
            Cidr address = Cidr.parse(text.substring(0, text.indexOf('/')));
            return IPV4_MAPPED.contains(address) ? Optional.empty() : Optional.of(Cidr.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
