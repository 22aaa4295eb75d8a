package dev.agentcontainers.localcluster.binaries;

/** An executable to build, quickest first so that a fault shows early. */
enum Target {
    ETCD("etcd", "go.etcd.io/etcd/server/v3", ControlPlaneBinaries.ETCD),
    KUBECTL("kubernetes", "k8s.io/kubernetes/cmd/kubectl", ControlPlaneBinaries.KUBECTL),
    API_SERVER("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", ControlPlaneBinaries.API_SERVER),
    CONTROLLER_MANAGER(
            "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", ControlPlaneBinaries.CONTROLLER_MANAGER);

    private final String module;
    private final String goPackage;
    private final String executable;

    Target(String module, String goPackage, String executable) {
        this.module = module;
        this.goPackage = goPackage;
        this.executable = executable;
    }

    /** The folder of the Go module that pins it. */
    String module() {
        return module;
    }

    String goPackage() {
        return goPackage;
    }

    String executable() {
        return executable;
    }
}
