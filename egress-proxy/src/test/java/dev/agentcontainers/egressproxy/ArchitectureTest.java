package dev.agentcontainers.egressproxy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** What decides knows no sockets, and nothing here starts processes or loads native code of its own. */
class ArchitectureTest {
    private static final String ROOT = "dev.agentcontainers.egressproxy.";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.agentcontainers.egressproxy");

    @Test
    void whatDecidesKnowsNoSockets() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + "names..", ROOT + "tls..", ROOT + "http..", ROOT + "resolved..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.netty..",
                        "java.nio.channels..",
                        ROOT + "upstream..",
                        ROOT + "listen..",
                        ROOT + "control..",
                        ROOT + "relay..")
                .check(CLASSES);
    }

    @Test
    void nothingStartsProcessesOrNeedsACluster() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "confine..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..")
                .check(CLASSES);
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.sun.jna..", "io.fabric8..", "io.quarkus..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(ProcessBuilder.class)
                .check(CLASSES);
    }
}
