package dev.agentcontainers.bench.statuspath;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.process.ChildCommand;
import dev.agentcontainers.localcluster.process.ChildLauncher;
import dev.agentcontainers.operator.status.StatusWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;

/**
 * The shipped operator but for one class, {@link StatusWriter}, which the class path has a version of this module for ahead
 * of the shipped one.
 */
record ExperimentOperator(Process process) implements AutoCloseable {
    static ExperimentOperator start(ControlPlane controlPlane, Path java, Path jar, Path folder) throws IOException {
        Path classes = folder.resolve("classes");
        String name = StatusWriter.class.getName().replace('.', '/') + ".class";
        Path file = classes.resolve(name);
        Files.createDirectories(file.getParent());
        try (InputStream content = ExperimentOperator.class.getClassLoader().getResourceAsStream(name)) {
            if (content == null) {
                throw new IOException(name + " is not on the class path");
            }
            Files.copy(content, file);
        }
        List<String> command = List.of(
                java.toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                // What -jar would take from the manifest.
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-cp",
                classes + ":" + jar,
                mainClass(jar));
        String user = "system:serviceaccount:agentcontainers-system:agentcontainers-operator";
        Map<String, String> environment = Map.of(
                "KUBECONFIG",
                controlPlane.kubeconfigFor(user, "system:serviceaccounts").toString(),
                "QUARKUS_HTTP_PORT",
                "0",
                "QUARKUS_HTTP_HOST",
                "127.0.0.1",
                "AGENTCONTAINERS_GATEWAY_ENABLED",
                "false",
                "AGENTCONTAINERS_OPERATOR_LEADER_NAMESPACE",
                "agentcontainers-system");
        return new ExperimentOperator(ChildLauncher.start(
                new ChildCommand(command, environment, folder, folder.resolve("operator.log")),
                ChildLauncher.Lifetime.WITH_THIS_JVM));
    }

    private static String mainClass(Path jar) throws IOException {
        try (JarFile program = new JarFile(jar.toFile())) {
            return program.getManifest().getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit()
                .orTimeout(15, java.util.concurrent.TimeUnit.SECONDS)
                .exceptionally(_ -> process.destroyForcibly())
                .join();
    }
}
