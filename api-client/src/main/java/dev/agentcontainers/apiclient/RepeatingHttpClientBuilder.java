package dev.agentcontainers.apiclient;

import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.StandardHttpClient;
import io.fabric8.kubernetes.client.http.StandardHttpClientBuilder;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Hands everything on to a builder of the client below, but what is done beside each request: interceptors and tags. */
final class RepeatingHttpClientBuilder
        extends StandardHttpClientBuilder<RepeatingHttpClient, RepeatingHttpClientFactory, RepeatingHttpClientBuilder> {
    RepeatingHttpClientBuilder(RepeatingHttpClientFactory factory) {
        super(factory);
    }

    @Override
    public HttpClient build() {
        if (client != null) {
            // Derived: over the same connections.
            return new RepeatingHttpClient(this, client.getClosed(), client.below());
        }
        StandardHttpClientBuilder<?, ?, ?> below = clientFactory.below();
        if (connectTimeout != null) {
            below.connectTimeout(connectTimeout.toNanos(), TimeUnit.NANOSECONDS);
        }
        if (sslContext != null) {
            below.sslContext(keyManagers, trustManagers);
        }
        if (followRedirects) {
            below.followAllRedirects();
        }
        if (preferHttp11) {
            below.preferHttp11();
        }
        if (tlsVersions != null) {
            below.tlsVersions(tlsVersions);
        }
        if (authenticatorNone) {
            below.authenticatorNone();
        }
        below.proxyType(proxyType);
        below.proxyAddress(proxyAddress);
        below.proxyAuthorization(proxyAuthorization);
        StandardHttpClient<?, ?, ?> built = (StandardHttpClient<?, ?, ?>) below.build();
        // What it adds itself, for a proxy that wants another authorization than a password.
        below.getInterceptors().forEach(interceptors::putIfAbsent);
        return new RepeatingHttpClient(this, new AtomicBoolean(), built);
    }

    @Override
    protected RepeatingHttpClientBuilder newInstance(RepeatingHttpClientFactory factory) {
        return new RepeatingHttpClientBuilder(factory);
    }
}
