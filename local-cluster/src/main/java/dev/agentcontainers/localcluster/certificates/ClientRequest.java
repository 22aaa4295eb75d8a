package dev.agentcontainers.localcluster.certificates;

import java.io.IOException;
import java.security.KeyPair;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** A key made here, and the request that another's authority certifies it for a Kubernetes user. */
public final class ClientRequest {
    private final KeyPair keys;
    private final String user;
    private final List<String> groups;

    private ClientRequest(KeyPair keys, String user, List<String> groups) {
        this.keys = keys;
        this.user = user;
        this.groups = groups;
    }

    public static ClientRequest of(String user, List<String> groups) {
        return new ClientRequest(CertificateAuthority.rsaKeys(), user, groups);
    }

    /** Kubernetes takes the user from the common name and the groups from the organisations. */
    static X500Name subject(String user, List<String> groups) {
        X500NameBuilder subject = new X500NameBuilder();
        groups.forEach(group -> subject.addRDN(BCStyle.O, group));
        return subject.addRDN(BCStyle.CN, user).build();
    }

    /** The request (PKCS #10) as PEM. */
    public String pem() {
        try {
            PKCS10CertificationRequest request = new JcaPKCS10CertificationRequestBuilder(
                            subject(user, groups), keys.getPublic())
                    .build(new JcaContentSignerBuilder("SHA256withRSA").build(keys.getPrivate()));
            return Pem.encode(request);
        } catch (OperatorCreationException e) {
            throw new IllegalStateException("cannot make a certificate request for " + user, e);
        }
    }

    /** The credential, with what the authority has issued. */
    public Credential with(String certificatePem) throws IOException {
        return new Credential(keys.getPrivate(), Pem.certificate(certificatePem));
    }
}
