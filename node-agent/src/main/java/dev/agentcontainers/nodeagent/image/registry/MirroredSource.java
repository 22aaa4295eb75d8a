package dev.agentcontainers.nodeagent.image.registry;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.ImageSource;
import java.io.IOException;
import java.util.List;

/** The first of several hosts that answers, for each question anew. The last is the registry itself, whose failure counts. */
record MirroredSource(List<RegistryEndpoint> endpoints) implements ImageSource {
    @Override
    public GivenManifest manifest(String wanted) throws IOException, InterruptedException {
        return first(endpoint -> endpoint.manifest(wanted));
    }

    @Override
    public GivenContent content(ContentDescriptor wanted, long offset) throws IOException, InterruptedException {
        return first(endpoint -> endpoint.content(wanted, offset));
    }

    private interface Question<T> {
        T ask(RegistryEndpoint endpoint) throws IOException, InterruptedException;
    }

    private <T> T first(Question<T> question) throws IOException, InterruptedException {
        for (RegistryEndpoint mirror : endpoints.subList(0, endpoints.size() - 1)) {
            try {
                return question.ask(mirror);
            } catch (IOException e) {
                RegistryEndpoint.LOG.info("the mirror {} is passed over: {}", mirror.host(), e.getMessage());
            }
        }
        return question.ask(endpoints.getLast());
    }
}
