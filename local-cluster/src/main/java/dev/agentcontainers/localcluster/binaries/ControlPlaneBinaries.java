package dev.agentcontainers.localcluster.binaries;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The executables of a control plane, all in one folder.
 *
 * @param folder where they are
 */
public record ControlPlaneBinaries(Path folder) {

    public static final String ETCD = "etcd";
    public static final String API_SERVER = "kube-apiserver";
    public static final String CONTROLLER_MANAGER = "kube-controller-manager";
    public static final String KUBECTL = "kubectl";

    public Path etcd() {
        return folder.resolve(ETCD);
    }

    public Path apiServer() {
        return folder.resolve(API_SERVER);
    }

    public Path controllerManager() {
        return folder.resolve(CONTROLLER_MANAGER);
    }

    public Path kubectl() {
        return folder.resolve(KUBECTL);
    }

    /** The names of those that aren't there or can't be executed. */
    public List<String> missing() {
        return Stream.of(ETCD, API_SERVER, CONTROLLER_MANAGER, KUBECTL)
                .filter(name -> !Files.isExecutable(folder.resolve(name)))
                .toList();
    }
}
