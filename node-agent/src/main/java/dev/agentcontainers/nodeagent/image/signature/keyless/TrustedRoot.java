package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.util.List;

/**
 * Whom keyless signatures are believed by: a deployment of Sigstore, the public one or one's own. Immutable and thread-safe.
 * Source: github.com/sigstore/protobuf-specs, sigstore_trustroot.proto.
 *
 * @param authorities that sign certificates (Fulcio)
 * @param logs of signatures (Rekor)
 * @param certificateLogs of certificates
 * @param stampers that sign time stamps; may be none
 */
public record TrustedRoot(
        List<Authority> authorities,
        List<TransparencyLog> logs,
        List<TransparencyLog> certificateLogs,
        List<Authority> stampers) {
    public TrustedRoot {
        authorities = List.copyOf(authorities);
        logs = List.copyOf(logs);
        certificateLogs = List.copyOf(certificateLogs);
        stampers = List.copyOf(stampers);
    }

    /** @throws IllegalArgumentException naming the field and what would be right */
    public static TrustedRoot parse(byte[] document) {
        return TrustedRootReader.read(document);
    }
}
