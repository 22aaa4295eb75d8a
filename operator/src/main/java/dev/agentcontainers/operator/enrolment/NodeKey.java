package dev.agentcontainers.operator.enrolment;

import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/** The key of a node, which it proves to hold by having signed its certificate request. */
record NodeKey(PublicKey publicKey) {
    private static final int UNPROCESSABLE = 422;
    private static final int SHORTEST_EC = 256;
    private static final int SHORTEST_RSA = 2048;

    /** @throws RefusedException where the request is not valid or its key too weak */
    static NodeKey of(String certificateRequest) {
        try {
            PKCS10CertificationRequest request = Pem.certificateRequest(certificateRequest);
            if (!request.isSignatureValid(
                    new JcaContentVerifierProviderBuilder().build(request.getSubjectPublicKeyInfo()))) {
                throw refused("its signature is not by its own key");
            }
            PublicKey key = new JcaPKCS10CertificationRequest(request).getPublicKey();
            boolean strong = switch (key) {
                case ECPublicKey curve -> curve.getParams().getOrder().bitLength() >= SHORTEST_EC;
                case RSAPublicKey rsa -> rsa.getModulus().bitLength() >= SHORTEST_RSA;
                default -> false;
            };
            if (!strong) {
                throw refused("its key must be EC with 256 bits or more, or RSA with 2048 bits or more");
            }
            return new NodeKey(key);
        } catch (ProtocolException | PKCSException | OperatorCreationException | GeneralSecurityException e) {
            throw refused(String.valueOf(e.getMessage()));
        }
    }

    String fingerprint() {
        return Pem.fingerprint(publicKey);
    }

    private static RefusedException refused(String why) {
        return new RefusedException(UNPROCESSABLE, "certificateRequest is not a usable PKCS #10 request: " + why);
    }
}
