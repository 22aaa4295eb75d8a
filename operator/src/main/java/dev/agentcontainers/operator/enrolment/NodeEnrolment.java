package dev.agentcontainers.operator.enrolment;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.operator.authority.CertificateAuthority;
import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.protocol.EnrolmentRequest;
import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.RenewalRequest;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** Enrols machines and renews what they hold. Blocks on the API server. Thread-safe. */
public final class NodeEnrolment {
    private static final Logger LOG = LoggerFactory.getLogger(NodeEnrolment.class);
    private static final int UNPROCESSABLE = 422;
    private static final int LONGEST_NAME = 253;
    private static final int MOST_LABELS = 32;
    private static final int LONGEST_LABEL = 63;
    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?");
    private static final Pattern NAME =
            Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

    private final EnrolledNodes nodes;
    private final JoinProofs proofs;
    private final NodeCredentials credentials;

    /** @param namespace the operator's own, where the bootstrap tokens are */
    public NodeEnrolment(
            KubernetesClient client,
            String namespace,
            CertificateAuthority authority,
            EnrolmentSettings settings,
            Clock clock) {
        this.nodes = new EnrolledNodes(client, clock);
        this.proofs = new JoinProofs(
                client, new BootstrapTokens(client, namespace, clock), settings.allowedServiceAccounts());
        this.credentials = new NodeCredentials(client, authority, settings);
    }

    /**
     * Lets a machine join.
     *
     * @throws RefusedException where it may not, or can't now
     */
    public NodeGrant enrol(String bearer, EnrolmentRequest request) {
        String name = requireName(request.nodeName());
        try (MDC.MDCCloseable ignored = MDC.putCloseable("node", name)) {
            JoinProof proof = proofs.verify(bearer, name);
            Map<String, String> labels = requireLabels(request.labels());
            NodeKey key = NodeKey.of(required(request.certificateRequest(), "certificateRequest"));
            Optional<AgentNode> found = nodes.find(name);
            NodeAdmission.Decision decision =
                    NodeAdmission.decide(name, key.fingerprint(), proof.namesMachine(), found.map(nodes::describe));
            if (decision instanceof NodeAdmission.Decision.Refuse refuse) {
                LOG.warn("refused to enrol node {} for {}: {}", name, proof.voucher(), refuse.reason());
                throw new RefusedException(HttpURLConnection.HTTP_CONFLICT, refuse.reason());
            }
            proofs.use(proof, name, key.fingerprint());
            AgentNode node = found.isPresent()
                    ? nodes.adopt(found.get(), key.fingerprint())
                    : nodes.create(name, labels, key.fingerprint());
            NodeGrant grant = credentials.grant(node, key);
            LOG.info("enrolled node {} with key {} for {}", name, key.fingerprint(), proof.voucher());
            return grant;
        }
    }

    /**
     * Renews what a node holds that shows a certificate which still counts.
     *
     * @throws RefusedException where the node is no more, or asks for another key
     */
    public NodeGrant renew(Peer.Node peer, RenewalRequest request) {
        try (MDC.MDCCloseable ignored = MDC.putCloseable("node", peer.name())) {
            AgentNode node = nodes.require(peer);
            NodeKey key = NodeKey.of(required(request.certificateRequest(), "certificateRequest"));
            if (!key.fingerprint().equals(peer.key())) {
                throw new RefusedException(
                        UNPROCESSABLE,
                        "certificateRequest has another key than the node's certificate: enrol anew to change it");
            }
            return credentials.grant(node, key);
        }
    }

    private static String requireName(String name) {
        String given = required(name, "nodeName");
        if (given.length() > LONGEST_NAME || !NAME.matcher(given).matches()) {
            throw new RefusedException(
                    UNPROCESSABLE,
                    "nodeName must be lower-case letters, digits, hyphens and dots, at most 253, as in worker-1.example.org");
        }
        return given;
    }

    /** Labels decide what is placed on a node, so a machine can't give itself those that administrators rely on. */
    private static Map<String, String> requireLabels(@Nullable Map<String, String> labels) {
        if (labels == null) {
            return Map.of();
        }
        if (labels.size() > MOST_LABELS) {
            throw new RefusedException(
                    UNPROCESSABLE, "labels has " + labels.size() + " entries, must have at most " + MOST_LABELS);
        }
        for (Map.Entry<String, String> entry : labels.entrySet()) {
            String label = entry.getKey();
            int slash = label.indexOf('/');
            String prefix = slash < 0 ? "" : label.substring(0, slash);
            if (isReserved(prefix)) {
                throw new RefusedException(
                        UNPROCESSABLE,
                        "labels['%s']: the prefix %s is for administrators; label the AgentNode itself"
                                .formatted(label, prefix));
            }
            requireLabel(label, prefix, label.substring(slash + 1), entry.getValue());
        }
        return labels;
    }

    /** The rules of Kubernetes for labels, so that a bad one is refused here by name and not later as a whole. */
    private static void requireLabel(String label, String prefix, String name, @Nullable String value) {
        boolean prefixed = label.indexOf('/') >= 0;
        if ((prefixed
                        && (prefix.length() > LONGEST_NAME
                                || !NAME.matcher(prefix).matches()))
                || !isLabelName(name)) {
            throw new RefusedException(
                    UNPROCESSABLE,
                    "labels['%s'] is no name of a label: at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, after a DNS name and '/' if there is a prefix"
                            .formatted(label));
        }
        if (value != null && !value.isEmpty() && !isLabelName(value)) {
            throw new RefusedException(
                    UNPROCESSABLE,
                    "labels['%s'] is '%s', must be at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, or empty"
                            .formatted(label, value));
        }
    }

    private static boolean isLabelName(String text) {
        return text.length() <= LONGEST_LABEL && LABEL.matcher(text).matches();
    }

    private static boolean isReserved(String prefix) {
        return java.util.stream.Stream.of("agentcontainers.dev", "kubernetes.io", "k8s.io")
                .anyMatch(domain -> prefix.equals(domain) || prefix.endsWith("." + domain));
    }

    private static String required(@Nullable String value, String field) {
        if (value == null || value.isBlank()) {
            throw new RefusedException(UNPROCESSABLE, field + " is missing");
        }
        return value;
    }
}
