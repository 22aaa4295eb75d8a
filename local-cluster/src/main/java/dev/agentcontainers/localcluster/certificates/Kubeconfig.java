package dev.agentcontainers.localcluster.certificates;

import io.fabric8.kubernetes.api.model.ConfigBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;

/** Writes kubeconfig files that refer to no other file. */
public final class Kubeconfig {

    private static final String CLUSTER = "agentcontainers";

    private Kubeconfig() {}

    /**
     * Writes a kubeconfig with mode 0600.
     *
     * @param authorityPem what signs the server's certificate
     */
    public static Path write(Path file, URI server, String authorityPem, String user, Credential credential) {
        io.fabric8.kubernetes.api.model.Config config = new ConfigBuilder()
                .withApiVersion("v1")
                .withKind("Config")
                .addNewCluster()
                .withName(CLUSTER)
                .withNewCluster()
                .withServer(server.toString())
                .withCertificateAuthorityData(base64(authorityPem))
                .endCluster()
                .endCluster()
                .addNewUser()
                .withName(user)
                .withNewUser()
                .withClientCertificateData(base64(credential.certificatePem()))
                .withClientKeyData(base64(credential.keyPem()))
                .endUser()
                .endUser()
                .addNewContext()
                .withName(CLUSTER)
                .withNewContext()
                .withCluster(CLUSTER)
                .withUser(user)
                .endContext()
                .endContext()
                .withCurrentContext(CLUSTER)
                .build();
        return PrivateFiles.write(file, Serialization.asYaml(config));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
