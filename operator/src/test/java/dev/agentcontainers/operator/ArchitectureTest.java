package dev.agentcontainers.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of the design for what may depend on what. */
class ArchitectureTest {
    private static final String ROOT = "dev.agentcontainers.operator.";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.agentcontainers.operator");

    static Stream<ArchRule> rules() {
        return Stream.of(
                noClasses()
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("dev.agentcontainers.nodeagent..", "dev.agentcontainers.cli..")
                        .because("the operator never touches a machine"),
                noClasses()
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("com.sun.jna..")
                        .because("the operator never touches a machine"),
                noClasses()
                        .that()
                        .resideInAnyPackage(ROOT + "gateway..", ROOT + "enrolment..", ROOT + "authority..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                ROOT + "agentcontainer..",
                                ROOT + "assignment..",
                                ROOT + "policygroup..",
                                ROOT + "scheduling..",
                                ROOT + "status..",
                                ROOT + "references..")
                        .because("what listens to the network knows nothing of placement and policy"),
                noClasses()
                        .that()
                        .resideOutsideOfPackages(ROOT + "app..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(ROOT + "app..")
                        .because("only the outermost part knows how all is put together"),
                noClasses()
                        .that()
                        .resideInAPackage(ROOT + "fleet..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                ROOT + "agentcontainer..",
                                ROOT + "node..",
                                ROOT + "scheduling..",
                                ROOT + "policygroup..")
                        .because("what is watched doesn't know who decides on it"),
                classes()
                        .that()
                        .haveNameMatching(
                                ROOT.replace(".", "\\.")
                                        + "scheduling\\.(Scheduler|Filters?|Score|Obstacles?|ResourceVector|IsolationChoice|IsolationNeed|IsolationOption|Placement|FleetSnapshot)")
                        .should()
                        .onlyDependOnClassesThat()
                        .resideInAnyPackage(
                                ROOT + "scheduling",
                                "dev.agentcontainers.api..",
                                "dev.agentcontainers.assignment",
                                "io.fabric8.kubernetes.api.model..",
                                "java.lang..",
                                "java.math",
                                "java.util..",
                                "org.jspecify.annotations")
                        .because("placement is a pure function"),
                noClasses()
                        .that()
                        .haveNameMatching(
                                ROOT.replace(".", "\\.")
                                        + "(status\\.(StatusRollup|BindingStatus|Conditions|Observation)|assignment\\.AssignmentBuilder|policygroup\\.PolicyParts|agentcontainer\\.PolicyNews|references\\.References|node\\.AddressPool|node\\.NodeObjects)")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "io.fabric8.kubernetes.client.dsl..",
                                "io.fabric8.kubernetes.client.informers..",
                                "io.javaoperatorsdk..",
                                "java.net..")
                        .orShould()
                        .dependOnClassesThat()
                        .haveSimpleName("KubernetesClient")
                        .because("what says that it is pure is"));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void holds(ArchRule rule) {
        rule.check(CLASSES);
    }
}
