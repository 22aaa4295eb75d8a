package dev.agentcontainers.apiclient;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.http.StandardHttpClient;
import io.fabric8.kubernetes.client.http.StandardHttpRequest;
import io.fabric8.kubernetes.client.http.StandardWebSocketBuilder;
import io.fabric8.kubernetes.client.http.WebSocket;
import io.fabric8.kubernetes.client.http.WebSocketResponse;
import io.vertx.core.http.HttpClosedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A client that says of a connection that was closed under a request, before anything of the answer came, that it is an
 * {@link IOException}, which {@link StandardHttpClient} tries again as often as the client's configuration has it
 * (kubernetes.request.retry.backoffLimit). Vert.x says it by an exception that is none, and is not tried again
 * (<a href="https://github.com/fabric8io/kubernetes-client/issues/7450">kubernetes-client 7450</a>): servers and what stands before
 * them close connections whenever they like, those too on which a request is just being sent. As for every other broken connection,
 * the request may have been carried out before: then a creation under a name is refused as a conflict, and so is a write that names the
 * version it replaces; a creation under a generated name is done twice. Thread-safe.
 */
final class RepeatingHttpClient
        extends StandardHttpClient<RepeatingHttpClient, RepeatingHttpClientFactory, RepeatingHttpClientBuilder> {
    private final StandardHttpClient<?, ?, ?> below;

    RepeatingHttpClient(RepeatingHttpClientBuilder builder, AtomicBoolean closed, StandardHttpClient<?, ?, ?> below) {
        super(builder, closed);
        this.below = below;
    }

    StandardHttpClient<?, ?, ?> below() {
        return below;
    }

    @Override
    public CompletableFuture<HttpResponse<AsyncBody>> consumeBytesDirect(
            StandardHttpRequest request, AsyncBody.Consumer<List<ByteBuffer>> consumer) {
        return closedAsIo(below.consumeBytesDirect(request, consumer));
    }

    @Override
    public CompletableFuture<WebSocketResponse> buildWebSocketDirect(
            StandardWebSocketBuilder webSocket, WebSocket.Listener listener) {
        return closedAsIo(below.buildWebSocketDirect(webSocket, listener));
    }

    @Override
    protected void doClose() {
        below.close();
    }

    private static <T> CompletableFuture<T> closedAsIo(CompletableFuture<T> answer) {
        return answer.exceptionallyCompose(RepeatingHttpClient::failed);
    }

    private static <T> CompletionStage<T> failed(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return CompletableFuture.failedFuture(
                cause instanceof HttpClosedException ? new IOException(cause.getMessage(), cause) : cause);
    }
}
