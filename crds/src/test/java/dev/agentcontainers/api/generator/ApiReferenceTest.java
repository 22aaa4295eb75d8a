package dev.agentcontainers.api.generator;

import org.junit.jupiter.api.Test;

class ApiReferenceTest {
    @Test
    void theCommittedReferenceIsWhatTheDefinitionsSay() {
        GeneratedFiles.check(
                GeneratedFiles.root().resolve("docs/reference/api.md"),
                ApiReference.of(CustomResources.definitions().values()));
    }
}
