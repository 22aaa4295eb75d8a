package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.process.ChildCommand;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The command lines of a cluster's processes. */
final class ComponentCommands {

    /** What the project relies on; a scheduler and a kubelet's controllers have nothing to do here. */
    private static final List<String> CONTROLLERS = List.of(
            "certificatesigningrequest-signing-controller",
            "clusterrole-aggregation-controller",
            "garbage-collector-controller",
            "namespace-controller",
            "root-ca-certificate-publisher-controller",
            "serviceaccount-controller",
            "serviceaccount-token-controller",
            "validatingadmissionpolicy-status-controller");

    private final ClusterFolder folder;
    private final ClusterSettings settings;
    private final boolean durable;

    /**
     * @param durable whether data must survive a crash of the machine
     */
    ComponentCommands(ClusterFolder folder, ClusterSettings settings, boolean durable) {
        this.folder = folder;
        this.settings = settings;
        this.durable = durable;
    }

    ChildCommand command(Component component) {
        List<String> words = new ArrayList<>();
        words.add(settings.binaries().resolve(component.executable()).toString());
        words.add(component.marker(folder));
        words.addAll(
                switch (component) {
                    case ETCD -> etcd();
                    case API_SERVER -> apiServer();
                    case CONTROLLER_MANAGER -> controllerManager();
                });
        Map<String, String> environment =
                Map.of("PATH", "/usr/bin:/bin", "HOME", folder.root().toString());
        return new ChildCommand(words, environment, folder.root(), folder.log(component));
    }

    /** The kubectl that fits. */
    Path kubectl() {
        return new ControlPlaneBinaries(settings.binaries()).kubectl();
    }

    private List<String> etcd() {
        String client = "https://127.0.0.1:" + settings.etcdPort();
        String peer = "https://127.0.0.1:" + settings.etcdPeerPort();
        List<String> arguments = new ArrayList<>(List.of(
                "--name=local",
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=local=" + peer,
                // Whoever writes to etcd is administrator: other users of this machine may not.
                "--client-cert-auth",
                "--trusted-ca-file=" + certificate("etcd-authority.crt"),
                "--cert-file=" + certificate("etcd.crt"),
                "--key-file=" + certificate("etcd.key"),
                "--peer-client-cert-auth",
                "--peer-trusted-ca-file=" + certificate("etcd-authority.crt"),
                "--peer-cert-file=" + certificate("etcd.crt"),
                "--peer-key-file=" + certificate("etcd.key"),
                "--auto-compaction-mode=periodic",
                "--auto-compaction-retention=1h",
                "--log-level=warn"));
        if (!durable) {
            arguments.add("--unsafe-no-fsync");
        }
        return arguments;
    }

    private List<String> apiServer() {
        List<String> arguments = new ArrayList<>(List.of(
                "--bind-address=127.0.0.1",
                "--secure-port=" + settings.apiServerPort(),
                "--advertise-address=127.0.0.1",
                // It would publish that address in an EndpointSlice, which refuses loopback.
                "--endpoint-reconciler-type=none",
                "--tls-cert-file=" + certificate("kube-apiserver.crt"),
                "--tls-private-key-file=" + certificate("kube-apiserver.key"),
                "--client-ca-file=" + certificate("client-authority.crt"),
                "--etcd-servers=https://127.0.0.1:" + settings.etcdPort(),
                "--etcd-cafile=" + certificate("etcd-authority.crt"),
                "--etcd-certfile=" + certificate("kube-apiserver-etcd-client.crt"),
                "--etcd-keyfile=" + certificate("kube-apiserver-etcd-client.key"),
                "--requestheader-client-ca-file=" + certificate("front-proxy-authority.crt"),
                "--requestheader-allowed-names=front-proxy-client",
                "--requestheader-username-headers=X-Remote-User",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                "--proxy-client-cert-file=" + certificate("front-proxy-client.crt"),
                "--proxy-client-key-file=" + certificate("front-proxy-client.key"),
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                "--service-account-key-file=" + certificate("service-account.pub"),
                "--service-account-signing-key-file=" + certificate("service-account.key"),
                "--authorization-mode=RBAC",
                "--allow-privileged=true",
                "--enable-bootstrap-token-auth=true",
                "--service-cluster-ip-range=10.0.0.0/16",
                // Fairness between flows stays on; only the sum is what a larger machine would have.
                "--max-requests-inflight=1200",
                "--max-mutating-requests-inflight=600",
                "--profiling=false"));
        if (settings.auditLog()) {
            arguments.add("--audit-policy-file=" + folder.auditPolicy());
            arguments.add("--audit-log-path=" + folder.auditLog());
            arguments.add("--audit-log-maxsize=100000"); // in MB; a reader that counts wants one file
        }
        arguments.addAll(settings.apiServerArguments());
        return arguments;
    }

    private List<String> controllerManager() {
        return List.of(
                "--controllers=" + String.join(",", CONTROLLERS),
                "--use-service-account-credentials=true",
                "--service-account-private-key-file=" + certificate("service-account.key"),
                "--root-ca-file=" + certificate("server-authority.crt"),
                // Client certificates by CertificateSigningRequest, as most clusters give them; no other kind.
                "--cluster-signing-kube-apiserver-client-cert-file=" + certificate("client-authority.crt"),
                "--cluster-signing-kube-apiserver-client-key-file=" + certificate("client-authority.key"),
                "--leader-elect=false",
                "--secure-port=0",
                "--kube-api-qps=200",
                "--kube-api-burst=400",
                "--profiling=false");
    }

    private String certificate(String name) {
        return folder.certificates().resolve(name).toString();
    }
}
