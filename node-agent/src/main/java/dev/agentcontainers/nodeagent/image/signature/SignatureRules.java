package dev.agentcontainers.nodeagent.image.signature;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which images must be signed by whom on a node. The first rule that fits an image decides, and an image that none fits is
 * refused.
 *
 * @param source what messages call the rules, a file's name
 */
public record SignatureRules(String source, List<Rule> rules) {
    /** Of a node that asks for no signatures: every image runs. */
    public static final SignatureRules NONE =
            new SignatureRules("none", List.of(new Rule(1, List.of(RepositoryPattern.parse("*")), new Demand.None())));

    /**
     * A rule.
     *
     * @param number from 1 on, for messages
     */
    public record Rule(int number, List<RepositoryPattern> images, Demand demand) {
        public Rule {
            images = List.copyOf(images);
        }

        boolean fits(ImageReference reference) {
            return images.stream().anyMatch(pattern -> pattern.fits(reference));
        }

        @Override
        public String toString() {
            return "rule " + number + " ("
                    + images.stream().map(RepositoryPattern::text).collect(Collectors.joining(", ")) + ")";
        }
    }

    /** What a rule asks of an image. */
    public sealed interface Demand {
        /** Nothing: it runs as it is. */
        record None() implements Demand {}

        /** That it does not run here at all. */
        record Refusal() implements Demand {}

        /**
         * A signature by one of these keys or identities.
         *
         * @param repository whether what is signed must name the image's repository besides its digest
         */
        record SignedBy(List<TrustedKey> keys, List<TrustedIdentity> identities, boolean repository) implements Demand {
            public SignedBy {
                keys = List.copyOf(keys);
                identities = List.copyOf(identities);
            }
        }
    }

    public SignatureRules {
        rules = List.copyOf(rules);
    }

    /** @throws ImageException of kind UNSIGNED where none is for it */
    Rule decisive(ImageReference reference) throws ImageException {
        return rules.stream()
                .filter(rule -> rule.fits(reference))
                .findFirst()
                .orElseThrow(() -> new ImageException(
                        Kind.UNSIGNED,
                        "the image " + reference + " is refused: no rule of " + source
                                + " is for it; one with images: [\"*\"] and unsigned: Allowed lets all others run"));
    }
}
