package dev.agentcontainers.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the roles view, edit and admin, which every cluster has, mean for AgentContainers and EgressPolicies. */
@Tag("cluster")
class RolesIT {
    private static final String NAMESPACE = "roles";

    @BeforeAll
    static void bindUsers() {
        AppliedApi.get().createNamespace(NAMESPACE, Map.of());
        List.of("view", "edit", "admin")
                .forEach(role -> AppliedApi.get()
                        .client()
                        .resource(new RoleBindingBuilder()
                                .withNewMetadata()
                                .withName(role)
                                .withNamespace(NAMESPACE)
                                .endMetadata()
                                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", role)
                                .addNewSubject()
                                .withKind("User")
                                .withName("user-" + role)
                                .endSubject()
                                .build())
                        .serverSideApply());
        // The controller manager aggregates the roles some time after they were applied.
        await().atMost(Duration.ofSeconds(60)).until(() -> may("admin", "create", "exec"));
        await().atMost(Duration.ofSeconds(60)).until(() -> may("edit", "create", ""));
        await().atMost(Duration.ofSeconds(60)).until(() -> may("view", "get", ""));
    }

    @ParameterizedTest
    @CsvSource({
        "get,,true,true,true",
        "list,,true,true,true",
        "watch,,true,true,true",
        "get,log,true,true,true",
        "create,,false,true,true",
        "patch,,false,true,true",
        "delete,,false,true,true",
        "create,exec,false,false,true",
        "get,exec,false,false,true",
        "create,display,false,false,true",
        "get,display,false,false,true",
        "get,snapshot,false,false,true",
        "create,snapshot,false,false,true",
        "patch,status,false,false,false",
        "update,status,false,false,false"
    })
    void allow(String verb, @Nullable String subresource, boolean view, boolean edit, boolean admin) {
        String part = subresource == null ? "" : subresource;

        assertThat(List.of(may("view", verb, part), may("edit", verb, part), may("admin", verb, part)))
                .containsExactly(view, edit, admin);
    }

    /** As Kubernetes has it for NetworkPolicies. */
    @ParameterizedTest
    @CsvSource({
        "get,true,true,true",
        "list,true,true,true",
        "watch,true,true,true",
        "create,false,true,true",
        "update,false,true,true",
        "patch,false,true,true",
        "delete,false,true,true",
        "deletecollection,false,true,true"
    })
    void allowForEgressPolicies(String verb, boolean view, boolean edit, boolean admin) {
        assertThat(List.of(
                        may("view", verb, "egresspolicies", ""),
                        may("edit", verb, "egresspolicies", ""),
                        may("admin", verb, "egresspolicies", "")))
                .containsExactly(view, edit, admin);
    }

    private static boolean may(String role, String verb, String subresource) {
        return may(role, verb, "agentcontainers", subresource);
    }

    private static boolean may(String role, String verb, String resource, String subresource) {
        return AppliedApi.get()
                .client()
                .authorization()
                .v1()
                .subjectAccessReview()
                .create(new SubjectAccessReviewBuilder()
                        .withNewSpec()
                        .withUser("user-" + role)
                        .withNewResourceAttributes()
                        .withGroup("agentcontainers.dev")
                        .withResource(resource)
                        .withSubresource(subresource)
                        .withNamespace(NAMESPACE)
                        .withVerb(verb)
                        .endResourceAttributes()
                        .endSpec()
                        .build())
                .getStatus()
                .getAllowed();
    }
}
