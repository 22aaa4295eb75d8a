package dev.agentcontainers.apiclient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Against a server that closes connections under requests. */
class RepeatingHttpClientTest {
    private static final ConfigMap CONFIG_MAP = new ConfigMapBuilder()
            .withNewMetadata()
            .withName("it")
            .withNamespace("there")
            .endMetadata()
            .build();

    private final ClosingServer server = ClosingServer.start(CONFIG_MAP);

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void whatAConnectionWasClosedUnderIsAskedAgain() {
        server.closeUnder(2);
        try (KubernetesClient client = client(5)) {
            assertThat(client.configMaps().inNamespace("there").withName("it").get())
                    .isEqualTo(CONFIG_MAP);
        }
        assertThat(server.requests())
                .hasSize(3)
                .allMatch(line -> line.startsWith("GET /api/v1/namespaces/there/configmaps/it "));
    }

    @Test
    void soIsWhatItWasClosedUnderAfterOthersWentWell() {
        try (KubernetesClient client = client(5)) {
            client.configMaps().inNamespace("there").withName("it").get();
            server.closeUnder(1);
            assertThat(client.configMaps().inNamespace("there").withName("it").get())
                    .isEqualTo(CONFIG_MAP);
        }
        assertThat(server.requests()).hasSize(3);
    }

    @Test
    void aWriteIsSentAgainWithItsBody() {
        server.closeUnder(1);
        try (KubernetesClient client = client(5)) {
            assertThat(client.resource(CONFIG_MAP).create()).isEqualTo(CONFIG_MAP);
        }
        assertThat(server.requests()).hasSize(2).allMatch(line -> line.startsWith("POST "));
        assertThat(server.bodies()).hasSize(2).allMatch(body -> body.contains("\"name\":\"it\""));
    }

    @Test
    void notMoreOftenThanConfigured() {
        server.closeUnder(100);
        try (KubernetesClient client = client(1)) {
            assertThatThrownBy(() -> client.configMaps()
                            .inNamespace("there")
                            .withName("it")
                            .get())
                    .isInstanceOf(KubernetesClientException.class)
                    .hasRootCauseMessage("Connection was closed");
        }
        assertThat(server.requests()).hasSize(2);
    }

    @Test
    void aClientWithARequestConfigurationOfItsOwnDoesItByThat() {
        server.closeUnder(3);
        try (KubernetesClient client = client(0)) {
            ConfigMap found = client.newClient(new RequestConfigBuilder()
                            .withRequestRetryBackoffLimit(3)
                            .withRequestRetryBackoffInterval(1)
                            .build())
                    .adapt(KubernetesClient.class)
                    .configMaps()
                    .inNamespace("there")
                    .withName("it")
                    .get();
            assertThat(found).isEqualTo(CONFIG_MAP);
        }
        assertThat(server.requests()).hasSize(4);
    }

    @Test
    void interceptorsSeeEachAttempt() {
        AtomicInteger seen = new AtomicInteger();
        Interceptor counting = new Interceptor() {
            @Override
            public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
                seen.incrementAndGet();
            }
        };
        server.closeUnder(1);
        try (KubernetesClient client = new KubernetesClientBuilder()
                .withConfig(config(5))
                .withHttpClientBuilderConsumer(http -> http.addOrReplaceInterceptor("counting", counting))
                .build()) {
            client.configMaps().inNamespace("there").withName("it").get();
        }
        assertThat(seen).hasValue(2);
    }

    private KubernetesClient client(int retries) {
        return new KubernetesClientBuilder().withConfig(config(retries)).build();
    }

    private Config config(int retries) {
        return new ConfigBuilder(Config.empty())
                .withMasterUrl(server.url())
                .withRequestRetryBackoffLimit(retries)
                .withRequestRetryBackoffInterval(1)
                .build();
    }
}
