package dev.agentcontainers.nodeagent.image.signature.keyless;

/**
 * Whom a certificate is for.
 *
 * @param issuer of the token (OIDC) by which the certificate was had
 * @param subject a workflow, an e-mail address, or what else that issuer calls who signs
 */
public record Identity(String issuer, String subject) {
    @Override
    public String toString() {
        return Strangers.shown(subject) + " of the issuer " + Strangers.shown(issuer);
    }
}
