package dev.agentcontainers.nodeagent.image.registry;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageDocuments;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.SignatureSource;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The first of several hosts that answers, for each question anew. The last is the registry itself, whose failure counts. A
 * mirror that gave something else than a digest says is not asked for it again.
 */
final class MirroredSource implements ImageSource {
    private final List<RegistryEndpoint> endpoints;
    private final Map<Digest, RegistryEndpoint> givers = new ConcurrentHashMap<>();
    private final Map<Digest, Set<RegistryEndpoint>> leftOut = new ConcurrentHashMap<>();

    MirroredSource(List<RegistryEndpoint> endpoints) {
        this.endpoints = List.copyOf(endpoints);
    }

    @Override
    public GivenManifest manifest(String wanted) throws IOException, InterruptedException {
        return first(endpoints, endpoint -> {
            GivenManifest given = endpoint.manifest(wanted);
            if (!isRegistry(endpoint)) {
                requireUsable(wanted, given);
            }
            return given;
        });
    }

    private static void requireUsable(String wanted, GivenManifest given) throws ImageException {
        if (wanted.contains(":") && !Digest.parse(wanted).isOf(given.content())) {
            throw new ImageException(Kind.CORRUPT, "what it gave as the manifest " + wanted + " is another");
        }
        ImageDocuments.manifest(given.content(), given.declared());
    }

    @Override
    public GivenContent content(ContentDescriptor wanted, long offset) throws IOException, InterruptedException {
        Set<RegistryEndpoint> wrong = leftOut.getOrDefault(wanted.digest(), Set.of());
        List<RegistryEndpoint> right =
                endpoints.stream().filter(endpoint -> !wrong.contains(endpoint)).toList();
        return first(right, endpoint -> {
            GivenContent given = endpoint.content(wanted, offset);
            givers.put(wanted.digest(), endpoint);
            return given;
        });
    }

    /** Each host by itself: a mirror that has no signature, or an old one, hides none of the registry's. */
    @Override
    public List<SignatureSource> signatures() {
        return endpoints.stream()
                .<SignatureSource>map(SignaturesOfEndpoint::new)
                .toList();
    }

    private record SignaturesOfEndpoint(RegistryEndpoint endpoint) implements SignatureSource {
        @Override
        public String name() {
            return endpoint.host();
        }

        @Override
        public byte[] document(String wanted, int most) throws IOException, InterruptedException {
            return endpoint.document(wanted, most);
        }

        @Override
        public byte[] referrers(Digest manifest, String artifactType, int most)
                throws IOException, InterruptedException {
            return endpoint.referrers(manifest, artifactType, most);
        }

        @Override
        public byte[] content(Digest wanted, int most) throws IOException, InterruptedException {
            return endpoint.content(wanted, most);
        }
    }

    @Override
    public boolean leaveOut(Digest digest) {
        RegistryEndpoint giver = givers.remove(digest);
        if (giver == null || isRegistry(giver)) {
            return false;
        }
        RegistryEndpoint.LOG.info("the mirror {} gave no right content for {} and is left out", giver.host(), digest);
        return leftOut.computeIfAbsent(digest, _ -> ConcurrentHashMap.newKeySet())
                .add(giver);
    }

    private boolean isRegistry(RegistryEndpoint endpoint) {
        return endpoint == endpoints.getLast();
    }

    private interface Question<T> {
        T ask(RegistryEndpoint endpoint) throws IOException, InterruptedException;
    }

    private static <T> T first(List<RegistryEndpoint> endpoints, Question<T> question)
            throws IOException, InterruptedException {
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
