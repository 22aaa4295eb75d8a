package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.net.HttpURLConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers of the gateway: JSON, and a Kubernetes Status for every refusal and failure. */
final class Answers {
    private static final Logger LOG = LoggerFactory.getLogger(Answers.class);

    private Answers() {}

    static void json(RoutingContext context, Object body) {
        write(context.response().setStatusCode(HttpURLConnection.HTTP_OK), body);
    }

    /** What goes wrong here is not shown to who asks, unless it was meant to be. */
    static void failure(RoutingContext context, Throwable cause) {
        RefusedException refusal = refusal(cause);
        HttpServerResponse response = context.response();
        if (response.headWritten()) {
            response.reset();
            return;
        }
        response.setStatusCode(refusal.code());
        if (refusal.code() == HttpURLConnection.HTTP_UNAUTHORIZED) {
            response.putHeader("WWW-Authenticate", "Bearer realm=\"agentcontainers\"");
        }
        write(response, refusal.status());
    }

    static RefusedException refusal(Throwable cause) {
        if (cause instanceof RefusedException refusal) {
            return refusal;
        }
        if (cause instanceof KubernetesClientException) {
            LOG.warn("the API server failed a request of the gateway", cause);
            return new RefusedException(
                    HttpURLConnection.HTTP_UNAVAILABLE, "the API server failed a request of the gateway: try again");
        }
        LOG.error("the gateway failed", cause);
        return new RefusedException(HttpURLConnection.HTTP_INTERNAL_ERROR, "the gateway failed: its log says why");
    }

    private static void write(HttpServerResponse response, Object body) {
        response.putHeader("Content-Type", HttpHeaderValues.APPLICATION_JSON).end(Json.text(body));
    }
}
