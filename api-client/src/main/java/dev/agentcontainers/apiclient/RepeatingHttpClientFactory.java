package dev.agentcontainers.apiclient;

import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.StandardHttpClientBuilder;
import java.util.Comparator;
import java.util.ServiceLoader;

/** Makes clients over those of the factory that would be taken if this one were not there. */
public final class RepeatingHttpClientFactory implements HttpClient.Factory {
    /** More than Fabric8's own (-1) and Quarkus' (1). */
    private static final int PRIORITY = 10;

    private final HttpClient.Factory next;

    public RepeatingHttpClientFactory() {
        this(best());
    }

    RepeatingHttpClientFactory(HttpClient.Factory next) {
        this.next = next;
    }

    @Override
    public HttpClient.Builder newBuilder() {
        return new RepeatingHttpClientBuilder(this);
    }

    @Override
    public int priority() {
        return PRIORITY;
    }

    /** A new builder of the client below. */
    StandardHttpClientBuilder<?, ?, ?> below() {
        return (StandardHttpClientBuilder<?, ?, ?>) next.newBuilder();
    }

    private static HttpClient.Factory best() {
        return ServiceLoader.load(HttpClient.Factory.class, RepeatingHttpClientFactory.class.getClassLoader()).stream()
                .filter(provider -> provider.type() != RepeatingHttpClientFactory.class)
                .map(ServiceLoader.Provider::get)
                .max(Comparator.comparingInt(HttpClient.Factory::priority))
                .orElseThrow(() -> new IllegalStateException(
                        "no HTTP client for the API server among the libraries: add kubernetes-httpclient-vertx"));
    }
}
