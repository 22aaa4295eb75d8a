package dev.agentcontainers.nodeagent.image.signature;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.KnownManifest;
import dev.agentcontainers.nodeagent.image.SignatureSource;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Demand;
import dev.agentcontainers.nodeagent.image.signature.SignatureRules.Rule;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Signed;
import dev.agentcontainers.nodeagent.image.signature.Verdict.Unproven;
import dev.agentcontainers.nodeagent.image.store.Admission;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Lets those images in that are signed as rules ask: by what is stored of them, and where that does not do, by what hosts have. */
public record SignatureAdmission(SignatureRules rules) implements Admission {
    @Override
    public List<byte[]> admit(Candidate image, Optional<ImageStore.Origin> origin)
            throws IOException, InterruptedException {
        Rule rule = rules.decisive(image.reference());
        return switch (rule.demand()) {
            case Demand.None _ -> image.proofs();
            case Demand.Refusal _ -> throw refused(image, rule);
            case Demand.SignedBy demand -> signed(image, rule, demand, origin);
        };
    }

    /**
     * For images that come without what could prove them: refuses those that may run here by no signature, and leaves the others
     * to their start.
     */
    public Admission withoutProof() {
        return (image, _) -> {
            Rule rule = rules.decisive(image.reference());
            if (rule.demand() instanceof Demand.Refusal) {
                throw refused(image, rule);
            }
            return image.proofs();
        };
    }

    private ImageException refused(Candidate image, Rule rule) {
        return new ImageException(
                Kind.UNSIGNED,
                "the image " + image.reference() + " is refused by " + rule + " of " + rules.source()
                        + ", whoever signed it");
    }

    private List<byte[]> signed(Candidate image, Rule rule, Demand.SignedBy demand, Optional<ImageStore.Origin> origin)
            throws IOException, InterruptedException {
        Verification verification = new Verification(image.reference(), image.manifests(), demand);
        Reasons reasons = new Reasons();
        List<byte[]> stored = image.proofs();
        if (isProven(stored, verification, reasons)) {
            return stored;
        }
        List<SignatureSource> sources = origin.isPresent() ? origin.get().open().signatures() : List.of();
        List<ImageException> failures = new ArrayList<>();
        for (SignatureSource source : sources) {
            SignatureSearch search = new SignatureSearch(source, verification, reasons);
            for (KnownManifest manifest : image.manifests()) {
                Optional<Evidence> found = search.find(manifest.digest());
                if (found.isPresent()) {
                    return with(found.get().stored(), stored);
                }
            }
            search.failure().ifPresent(failures::add);
        }
        if (!failures.isEmpty()) {
            throw unknown(image, rule, failures.getFirst(), reasons);
        }
        throw unsigned(image, rule, demand, sources, reasons);
    }

    /** Behind those that are stored: by rules of before, which may be those of later too, one of them proves the image. */
    private static List<byte[]> with(byte[] found, List<byte[]> stored) {
        int older = Math.max(0, stored.size() - (MOST_PROOFS - 1));
        return Stream.concat(stored.subList(older, stored.size()).stream(), Stream.of(found))
                .toList();
    }

    private static boolean isProven(List<byte[]> stored, Verification verification, Reasons reasons) {
        for (byte[] each : stored) {
            Optional<Verdict> verdict = Evidence.restored(each).map(verification::of);
            if (verdict.filter(Signed.class::isInstance).isPresent()) {
                return true;
            }
            String why = verdict.filter(Unproven.class::isInstance)
                    .map(unproven -> ((Unproven) unproven).why())
                    .orElse("is damaged");
            reasons.add("this node", "the stored signature", why);
        }
        if (stored.isEmpty()) {
            reasons.add("this node", "a signature", "is not stored");
        }
        return false;
    }

    /** What was not asked to the end may have what proves the image. */
    private ImageException unknown(Candidate image, Rule rule, ImageException failure, Reasons reasons) {
        return new ImageException(
                Kind.UNREACHABLE,
                "it can't be said whether the image " + image.reference() + " is signed as " + rule + " of "
                        + rules.source() + " asks: " + reasons,
                failure);
    }

    private ImageException unsigned(
            Candidate image, Rule rule, Demand.SignedBy demand, List<SignatureSource> sources, Reasons reasons)
            throws IOException {
        ImageReference exact =
                image.reference().pinned(image.manifests().getFirst().digest());
        List<String> signers = Stream.concat(
                        demand.keys().stream().map(TrustedKey::name),
                        demand.identities().stream().map(TrustedIdentity::toString))
                .toList();
        return new ImageException(
                Kind.UNSIGNED,
                "the image " + exact + " is refused: " + rule + " of " + rules.source()
                        + " asks for a signature by one of "
                        + signers + ", and there is none that counts: " + reasons
                        + (sources.isEmpty() ? "; no registry was asked" : "")
                        + ". Right would be one as " + right(demand) + " makes it, of this digest");
    }

    private static String right(Demand.SignedBy demand) {
        String byKey = "'cosign sign --key'";
        String keyless = "'cosign sign'";
        return demand.identities().isEmpty() ? byKey : demand.keys().isEmpty() ? keyless : byKey + " or " + keyless;
    }
}
