package dev.agentcontainers.nodeagent.image.signature;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReasonsTest {
    /** A host with many strangers' signatures hides none of the others from who reads. */
    @Test
    void eachPlaceHasAtLeastOne() {
        Reasons reasons = new Reasons();
        for (int i = 0; i < 20; i++) {
            reasons.add("mirror.example", "signature " + i, "is by none of the rule's keys");
        }
        reasons.add("registry.example", "sha256-0.sig", "can't be asked for");
        reasons.add("registry.example", "sha256-1.sig", "can't be asked for");

        assertThat(reasons.toString())
                .contains("mirror.example: signature 0 ")
                .doesNotContain("signature 19")
                .contains("registry.example: sha256-0.sig can't be asked for")
                .endsWith("; and 13 more");
    }
}
