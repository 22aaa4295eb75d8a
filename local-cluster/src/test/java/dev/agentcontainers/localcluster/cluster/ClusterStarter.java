package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;

/** Another JVM that starts a cluster, for tests of what happens to it afterwards. */
final class ClusterStarter {

    private ClusterStarter() {}

    /** Arguments: {@code temporary}, or {@code persistent} and the folder. Prints the kubeconfig's path. */
    public static void main(String[] arguments) throws InterruptedException {
        ControlPlanes controlPlanes = ControlPlanes.with(ControlPlaneOptions.defaults());
        boolean temporary = arguments[0].equals("temporary");
        ControlPlane controlPlane =
                temporary ? controlPlanes.temporary() : controlPlanes.persistent(Path.of(arguments[1]));
        System.out.println(controlPlane.kubeconfig());
        if (temporary) {
            new CountDownLatch(1).await(); // until it is killed
        }
    }

    /** A started JVM and the folder of its cluster. */
    record Started(Process process, Path folder) {}

    static Started run(Path cacheFolder, Path assets, String... arguments) throws IOException {
        return awaitStarted(launch(cacheFolder, assets, arguments));
    }

    /** Starts the JVM and doesn't wait for its cluster. */
    static Process launch(Path cacheFolder, Path assets, String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                ClusterStarter.class.getName());
        builder.command().addAll(List.of(arguments));
        builder.environment().put("AGENTCONTAINERS_CACHE", cacheFolder.toString());
        builder.environment().put("AGENTCONTAINERS_CONTROL_PLANE", "assets");
        builder.environment().put("KUBEBUILDER_ASSETS", assets.toString());
        return builder.redirectError(Redirect.INHERIT).start();
    }

    static Started awaitStarted(Process process) throws IOException {
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = output.readLine();
        if (line == null) {
            throw new IOException("the other JVM started no cluster");
        }
        return new Started(process, Objects.requireNonNull(Path.of(line).getParent()));
    }
}
