package dev.agentcontainers.nodeagent.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.agentcontainers.nodeagent");

    @Test
    void whatRunsAndFencesAgentsKnowsNothingOfKubernetes() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "..nodeagent.driver..",
                        "..nodeagent.egress..",
                        "..nodeagent.fence..",
                        "..nodeagent.journal..",
                        "..nodeagent.linux..",
                        "..nodeagent.platform..",
                        "..nodeagent.sandbox..",
                        "..nodeagent.supervisor..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.fabric8.kubernetes.client..", "..nodeagent.kubernetes..", "..nodeagent.enrolment..")
                .check(CLASSES);
    }

    @Test
    void nativeAccessStaysInTheOperatingSystemsOwnPackages() {
        noClasses()
                .that()
                .resideOutsideOfPackage("..nodeagent.linux..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.sun.jna..")
                .check(CLASSES);
    }

    @Test
    void nothingBuildsOnAnOperatingSystem() {
        noClasses()
                .that()
                .resideOutsideOfPackage("..nodeagent.linux..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("..nodeagent.linux..")
                .check(CLASSES);
    }

    @Test
    void onlyTheProgramKnowsQuarkus() {
        noClasses()
                .that()
                .resideOutsideOfPackage("..nodeagent.app..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "jakarta.inject..", "jakarta.enterprise..")
                .check(CLASSES);
    }
}
