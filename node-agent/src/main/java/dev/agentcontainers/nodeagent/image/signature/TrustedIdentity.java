package dev.agentcontainers.nodeagent.image.signature;

import dev.agentcontainers.nodeagent.image.signature.keyless.Identity;
import dev.agentcontainers.nodeagent.image.signature.keyless.SubjectPattern;
import dev.agentcontainers.nodeagent.image.signature.keyless.TrustedRoot;

/**
 * Somebody whose keyless signatures an administrator trusts.
 *
 * @param issuer of tokens (OIDC), exactly
 * @param root by which it is known who signed
 */
public record TrustedIdentity(String name, String issuer, SubjectPattern subject, TrustedRoot root) implements Signer {
    boolean fits(Identity identity) {
        return issuer.equals(identity.issuer()) && subject.fits(identity.subject());
    }

    @Override
    public String called() {
        return "the identity '" + name + "'";
    }

    @Override
    public String toString() {
        return name + " ('" + subject + "' of the issuer '" + issuer + "')";
    }
}
