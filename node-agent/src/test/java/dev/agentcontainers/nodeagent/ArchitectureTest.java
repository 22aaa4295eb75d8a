package dev.agentcontainers.nodeagent;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may know whom inside the node agent. */
class ArchitectureTest {
    private static final String ROOT = "dev.agentcontainers.nodeagent.";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.agentcontainers.nodeagent");

    @Test
    void driversAndFencesKnowNothingOfKubernetesOrTheSupervisor() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + "driver..", ROOT + "fence..", ROOT + "sandbox..", ROOT + "linux..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.fabric8.kubernetes.client..",
                        ROOT + "kubernetes..",
                        ROOT + "supervisor..",
                        ROOT + "journal..",
                        ROOT + "app..")
                .check(CLASSES);
    }

    @Test
    void onlyTheSystemsOwnPackagesKnowTheSystem() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "linux..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.sun.jna..", ROOT + "linux..")
                .check(CLASSES);
    }

    @Test
    void theSupervisorNeedsNeitherQuarkusNorKubernetes() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + "supervisor..", ROOT + "journal..", ROOT + "egress..", ROOT + "platform..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "jakarta..", "io.fabric8..", ROOT + "kubernetes..", ROOT + "app..")
                .check(CLASSES);
    }

    @Test
    void standaloneRunsNeedNeitherQuarkusNorAnApiServer() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + "standalone..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "jakarta..", "io.fabric8.kubernetes.client..", ROOT + "app..")
                .check(CLASSES);
    }
}
