package dev.agentcontainers.localcluster.existing;

import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.certificates.ClientRequest;
import dev.agentcontainers.localcluster.certificates.Credential;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestConditionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Credentials that a cluster issues itself when its administrator asks. Not impersonation ({@code as} in a kubeconfig): a client
 * that doesn't know it, as Fabric8's, would act with the administrator's own rights.
 */
final class IssuedCredentials {
    private static final String SIGNER = "kubernetes.io/kube-apiserver-client";
    private static final Duration VALIDITY = Duration.ofHours(12);
    private static final Duration ISSUED_WITHIN = Duration.ofSeconds(15);

    private final KubernetesClient admin;

    IssuedCredentials(KubernetesClient admin) {
        this.admin = admin;
    }

    /** @throws MissingPrerequisiteException where there is no such ServiceAccount */
    String token(String namespace, String serviceAccount) {
        TokenRequest wanted = new TokenRequestBuilder()
                .withNewSpec()
                .withExpirationSeconds(VALIDITY.toSeconds())
                .endSpec()
                .build();
        try {
            return admin.serviceAccounts()
                    .inNamespace(namespace)
                    .withName(serviceAccount)
                    .tokenRequest(wanted)
                    .getStatus()
                    .getToken();
        } catch (KubernetesClientException e) {
            throw new MissingPrerequisiteException(
                    "the existing cluster gives no token for ServiceAccount %s of namespace %s (it must be created before): %s"
                            .formatted(serviceAccount, namespace, e.getMessage()));
        }
    }

    /**
     * A certificate for any other user, by a CertificateSigningRequest that the administrator approves.
     *
     * @throws MissingPrerequisiteException where the cluster refuses, or signs none
     */
    Credential certificate(String user, List<String> groups) {
        ClientRequest request = ClientRequest.of(user, groups);
        CertificateSigningRequest created = create(user, request);
        try {
            approve(created);
            CertificateSigningRequest issued = admin.certificates()
                    .v1()
                    .certificateSigningRequests()
                    .withName(created.getMetadata().getName())
                    .waitUntilCondition(
                            each -> each != null && certificateOf(each).isPresent(),
                            ISSUED_WITHIN.toSeconds(),
                            TimeUnit.SECONDS);
            byte[] pem = Base64.getDecoder().decode(certificateOf(issued).orElseThrow());
            return request.with(new String(pem, StandardCharsets.UTF_8));
        } catch (KubernetesClientTimeoutException e) {
            throw new MissingPrerequisiteException(
                    "the existing cluster has issued no certificate for %s within %d s: its signer %s is off. Use a ServiceAccount (system:serviceaccount:NAMESPACE:NAME), or another control plane"
                            .formatted(user, ISSUED_WITHIN.toSeconds(), SIGNER));
        } catch (IOException e) {
            throw new ControlPlaneFailedException(
                    "the certificate that the cluster issued for " + user + " is no PEM", e);
        } finally {
            admin.resource(created).delete();
        }
    }

    private CertificateSigningRequest create(String user, ClientRequest request) {
        CertificateSigningRequest wanted = new CertificateSigningRequestBuilder()
                .withNewMetadata()
                .withGenerateName("agentcontainers-")
                .endMetadata()
                .withNewSpec()
                .withSignerName(SIGNER)
                .withExpirationSeconds((int) VALIDITY.toSeconds())
                .withUsages("client auth", "digital signature", "key encipherment")
                .withRequest(Base64.getEncoder().encodeToString(request.pem().getBytes(StandardCharsets.UTF_8)))
                .endSpec()
                .build();
        try {
            return admin.resource(wanted).create();
        } catch (KubernetesClientException e) {
            throw new MissingPrerequisiteException(
                    "the existing cluster takes no certificate request for %s: %s".formatted(user, e.getMessage()));
        }
    }

    private void approve(CertificateSigningRequest created) {
        admin.certificates()
                .v1()
                .certificateSigningRequests()
                .withName(created.getMetadata().getName())
                .approve(new CertificateSigningRequestConditionBuilder()
                        .withType("Approved")
                        .withStatus("True")
                        .withReason("ControlPlaneProvider")
                        .withMessage("asked for and approved by the same administrator")
                        .build());
    }

    private static Optional<String> certificateOf(CertificateSigningRequest request) {
        return Optional.ofNullable(request.getStatus()).flatMap(status -> Optional.ofNullable(status.getCertificate()));
    }
}
