package dev.agentcontainers.operator.leadership;

import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.function.Consumer;

/** Stands in front of every request to the API server and lets a write pass only from the leader. */
public final class WriteGuard implements Interceptor {
    private final Leadership leadership;
    private final Consumer<String> written;

    /** @param written told the method of each write */
    public WriteGuard(Leadership leadership, Consumer<String> written) {
        this.leadership = leadership;
        this.written = written;
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        if (request.method().equals("GET") || isForElection(request.uri().getPath())) {
            return;
        }
        leadership.check();
        written.accept(request.method());
    }

    /** Elections have to write before anyone leads: the Lease, and the question whether it may be written. */
    private static boolean isForElection(String path) {
        return path.startsWith("/apis/coordination.k8s.io/") || path.startsWith("/apis/authorization.k8s.io/");
    }
}
