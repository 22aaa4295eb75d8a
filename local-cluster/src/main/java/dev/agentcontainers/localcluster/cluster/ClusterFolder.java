package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.certificates.PrivateFiles;
import java.nio.file.Path;

/** The folder of one cluster, readable by its owner only. */
record ClusterFolder(Path root) {

    ClusterFolder {
        root = root.toAbsolutePath().normalize();
    }

    void create() {
        PrivateFiles.createFolder(root);
        PrivateFiles.createFolder(logs());
        PrivateFiles.createFolder(users());
        PrivateFiles.createFolder(etcdData());
    }

    Path certificates() {
        return root.resolve("certificates");
    }

    Path kubeconfig() {
        return root.resolve("kubeconfig");
    }

    Path controllerManagerKubeconfig() {
        return root.resolve("kube-controller-manager.kubeconfig");
    }

    Path users() {
        return root.resolve("users");
    }

    Path etcdData() {
        return root.resolve("etcd");
    }

    Path logs() {
        return root.resolve("logs");
    }

    Path log(Component component) {
        return logs().resolve(component.executable() + ".log");
    }

    Path auditLog() {
        return logs().resolve("audit.log");
    }

    Path auditPolicy() {
        return root.resolve("audit-policy.yaml");
    }

    Path settings() {
        return root.resolve("settings.json");
    }

    Path lock() {
        return root.resolve("lock");
    }
}
