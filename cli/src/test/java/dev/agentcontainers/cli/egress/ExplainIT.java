package dev.agentcontainers.cli.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneException;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** On a real API server, for who may see everything and for who may see one namespace. */
@Tag("cluster")
class ExplainIT {
    private static final String OBJECTS = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: team-a}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: team-b, labels: {team: b}}
            ---
            apiVersion: agentcontainers.dev/v1alpha1
            kind: AgentContainer
            metadata: {name: researcher, namespace: team-a, labels: {app: researcher}}
            spec:
              isolation: {className: process}
              command: ["true"]
              resources: {limits: {cpu: 100m, memory: 64Mi}}
              network:
                egress:
                - name: data
                  to: [{ipBlock: {cidr: 10.20.0.0/16}}]
            ---
            apiVersion: agentcontainers.dev/v1alpha1
            kind: AgentContainer
            metadata: {name: store, namespace: team-b}
            spec:
              isolation: {className: process}
              command: ["true"]
              resources: {limits: {cpu: 100m, memory: 64Mi}}
              ports: [{name: files, containerPort: 9000}]
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: to-store, namespace: team-a}
            spec:
              podSelector: {matchLabels: {app: researcher}}
              policyTypes: [Egress]
              egress:
              - to: [{namespaceSelector: {matchLabels: {team: b}}}]
                ports: [{port: files}]
            ---
            apiVersion: agentcontainers.dev/v1alpha1
            kind: EgressPolicy
            metadata: {name: lake, namespace: team-a}
            spec:
              agentSelector: {matchLabels: {app: researcher}}
              egress: [{name: lake, to: [{ipBlock: {cidr: 10.40.0.0/16}}], ports: [{port: 8080}]}]
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: store, namespace: team-b}
            spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: reads, namespace: team-a}
            rules:
            - {apiGroups: [agentcontainers.dev], resources: [agentcontainers, egresspolicies], verbs: [get, list]}
            - {apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [get, list]}
            - {apiGroups: [""], resources: [pods], verbs: [get, list]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: reads, namespace: team-a}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reads}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ana}]
            """;

    private static ControlPlane controlPlane;

    private record Answer(int exitCode, String text) {}

    @BeforeAll
    static void start() {
        try {
            controlPlane = ControlPlanes.with(ControlPlaneOptions.defaults()).temporary();
        } catch (ControlPlaneException e) {
            Assumptions.abort(String.valueOf(e.getMessage()));
        }
        try (KubernetesClient client = controlPlane.adminClient()) {
            ApiManifests.all().forEach(manifest -> apply(client, manifest.yaml()));
            apply(client, OBJECTS);
        }
    }

    @AfterAll
    static void stop() {
        if (controlPlane != null) {
            controlPlane.close();
        }
    }

    private static void apply(KubernetesClient client, String yaml) {
        client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .serverSideApply();
    }

    private static Answer explain(Path kubeconfig, String destination) {
        StringWriter out = new StringWriter();
        int code = new CommandLine(new ExplainCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out))
                .execute("--kubeconfig", kubeconfig.toString(), "-n", "team-a", "researcher", destination);
        return new Answer(code, out.toString());
    }

    @Test
    void whoSeesEverythingGetsAVerdict() {
        assertThat(explain(controlPlane.kubeconfig(), "10.20.0.7:8080")).isEqualTo(new Answer(0, """
                allowed   team-a/researcher → 10.20.0.7 port 8080/TCP
                egress    allowed in tier NetworkPolicy by inline/data spec.network.egress[data]
                ingress   10.20.0.7 is no agent and no Pod
                """));
        assertThat(explain(controlPlane.kubeconfig(), "10.30.0.7:8080").exitCode())
                .isEqualTo(1);
        assertThat(explain(controlPlane.kubeconfig(), "10.40.0.7:8080").text())
                .contains("egress    allowed in tier NetworkPolicy by EgressPolicy/lake spec.egress[lake]");
        assertThat(explain(controlPlane.kubeconfig(), "ac/team-b/store:9000").exitCode())
                .isZero();
        assertThat(explain(controlPlane.kubeconfig(), "ac/team-b/store:9001").exitCode())
                .isEqualTo(1);
    }

    @Test
    void whoSeesOneNamespaceIsToldWhatIsNotKnown() {
        Answer answer = explain(controlPlane.kubeconfigFor("ana"), "10.20.0.7:8080");

        assertThat(answer.exitCode()).isEqualTo(3);
        assertThat(answer.text())
                .startsWith("allowed ")
                .contains("unknown   Nodes may not be listed with these credentials")
                .contains("unknown   Namespaces may not be listed")
                .contains("unknown   AgentContainers of other namespaces may not be listed");
    }
}
