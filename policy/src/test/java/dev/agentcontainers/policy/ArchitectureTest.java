package dev.agentcontainers.policy;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.net.IDN;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.agentcontainers.policy");

    @Test
    void isPure() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                                "dev.agentcontainers.policy..",
                                "dev.agentcontainers.api..",
                                "io.fabric8.kubernetes.api.model..",
                                "inet.ipaddr..",
                                "java.lang..",
                                "java.math",
                                "java.nio",
                                "java.nio.charset",
                                "java.security",
                                "java.util..",
                                "org.jspecify.annotations")
                        // The only one of its package that neither reads nor writes anything.
                        .or(type(IDN.class)))
                .check(CLASSES);
        noClasses()
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .orShould()
                .callMethod(System.class, "getProperty", String.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage("java.util.concurrent..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.agentcontainers.policy.(*)..")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("..policy.box..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("..policy.rule..")
                .check(CLASSES);
    }
}
