package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.authority.AgentAuthority;
import dev.agentcontainers.nodeagent.names.NamesFence.Named;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Certified;
import dev.agentcontainers.protocol.names.NodeMessage.Refused;
import dev.agentcontainers.protocol.names.ProxyMessage.Certify;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has agents' authorities sign what the proxy asks for. The boundary: nothing that the proxy says is taken for true, so that the worst
 * request gets a certificate for a name that a rule of that very agent's group lets be decrypted now.
 */
final class Certifications {
    private static final Logger LOG = LoggerFactory.getLogger(Certifications.class);
    private static final int KEY_BITS = 256;

    private final NamesFence fence;
    private final Optional<AgentAuthorities> authorities;

    /** @param authorities empty where agents have none */
    Certifications(NamesFence fence, Optional<AgentAuthorities> authorities) {
        this.fence = fence;
        this.authorities = authorities;
    }

    NodeMessage certify(Certify request) {
        try {
            Optional<Named> agent = fence.agentAt(request.agent());
            if (agent.isEmpty()) {
                return refused(request, "there is no agent at that address");
            }
            Optional<String> name =
                    DomainName.asked(request.name()).filter(agent.get().group()::decrypts);
            if (name.isEmpty()) {
                return refused(request, "no rule of the agent's group lets that name be decrypted");
            }
            Optional<AgentAuthority> authority =
                    authorities.isPresent() ? authorities.get().of(agent.get().id()) : Optional.empty();
            if (authority.isEmpty()) {
                return refused(request, "the agent has no authority: it was started before there were any");
            }
            return new Certified(
                    request.request(), encoded(authority.get().certify(name.get(), key(request.publicKey()))));
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            LOG.warn("a name can't be certified: {}", e.getMessage());
            return new Refused(request.request(), "it can't be certified");
        }
    }

    private static Refused refused(Certify request, String reason) {
        LOG.warn("the egress proxy asks for a certificate that it can't have: {}", reason);
        return new Refused(request.request(), reason);
    }

    private static PublicKey key(String text) throws GeneralSecurityException {
        PublicKey key = KeyFactory.getInstance("EC")
                .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(text)));
        if (!(key instanceof ECPublicKey onCurve)
                || onCurve.getParams().getCurve().getField().getFieldSize() != KEY_BITS) {
            throw new GeneralSecurityException("the key is none on the curve P-256");
        }
        return key;
    }

    static String encoded(X509Certificate certificate) throws CertificateEncodingException {
        return Base64.getEncoder().encodeToString(certificate.getEncoded());
    }
}
