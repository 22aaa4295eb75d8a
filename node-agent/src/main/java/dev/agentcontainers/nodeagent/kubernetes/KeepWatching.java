package dev.agentcontainers.nodeagent.kubernetes;

import io.fabric8.kubernetes.client.informers.ExceptionHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** No error ends a watch: what was seen last stays true for this node until the API server says otherwise. */
record KeepWatching(String what) implements ExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(KeepWatching.class);

    @Override
    public boolean retryAfterException(boolean isStarted, Throwable failure) {
        LOG.warn("{} can't be watched at the moment; agents go on: {}", what, failure.getMessage());
        LOG.debug("{} can't be watched", what, failure);
        return true;
    }
}
