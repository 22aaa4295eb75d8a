package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.tsp.TSPException;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * When a signature was there already, by an authority of time stamps. Source: RFC 3161. What BouncyCastle makes of strangers'
 * bytes ends in exceptions of any kind.
 */
final class TimeStamp {
    private TimeStamp() {}

    /**
     * The time of a stamp.
     *
     * @param response DER
     * @throws DistrustException where it is of something else or by none of these authorities
     */
    static Instant require(byte[] response, byte[] signature, List<Authority> authorities) throws DistrustException {
        TimeStampToken token = token(response);
        Instant time = token.getTimeStampInfo().getGenTime().toInstant();
        if (!Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(), imprint(token, signature))) {
            throw new DistrustException("has a time stamp that is of something else");
        }
        StringBuilder why = new StringBuilder();
        for (Authority authority : authorities) {
            try {
                token.validate(new JcaSimpleSignerInfoVerifierBuilder().build(authority.first()));
                authority.requireThen(time);
                return time;
            } catch (TSPException | OperatorCreationException | RuntimeException e) {
                why.append("; ").append(authority.url()).append(": ").append(Strangers.shown("" + e.getMessage()));
            } catch (DistrustException e) {
                why.append("; ").append(e.why());
            }
        }
        throw new DistrustException("has a time stamp of no authority in the trusted root" + why);
    }

    private static TimeStampToken token(byte[] response) throws DistrustException {
        try {
            TimeStampToken token = new TimeStampResponse(response).getTimeStampToken();
            if (token != null) {
                return token;
            }
        } catch (TSPException | IOException | RuntimeException e) {
            throw new DistrustException("has a time stamp that can't be read", e);
        }
        throw new DistrustException("has a time stamp that was refused");
    }

    private static byte[] imprint(TimeStampToken token, byte[] signature) throws DistrustException {
        var algorithm = token.getTimeStampInfo().getMessageImprintAlgOID();
        if (algorithm.equals(NISTObjectIdentifiers.id_sha256)) {
            return Hashes.of("sha256", signature);
        }
        if (algorithm.equals(NISTObjectIdentifiers.id_sha384)) {
            return Hashes.of("sha384", signature);
        }
        if (algorithm.equals(NISTObjectIdentifiers.id_sha512)) {
            return Hashes.of("sha512", signature);
        }
        throw new DistrustException("has a time stamp with an unknown hash");
    }
}
