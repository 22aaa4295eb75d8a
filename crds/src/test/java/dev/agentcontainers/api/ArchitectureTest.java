package dev.agentcontainers.api;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.fabric8.kubernetes.client.CustomResource;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void theApiIsDataOnly() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                                "dev.agentcontainers.api..",
                                "java.lang..",
                                "java.io",
                                "java.nio.charset",
                                "java.util..",
                                "com.fasterxml.jackson.annotation..",
                                "io.fabric8.kubernetes.api.model..",
                                "io.fabric8.kubernetes.model.annotation..",
                                "io.fabric8.generator.annotation..",
                                "io.fabric8.crd.generator.annotation..",
                                "org.jspecify.annotations")
                        .or(equivalentTo(CustomResource.class)))
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("dev.agentcontainers.api"));
    }
}
