package dev.agentcontainers.egressproxy.certificates;

import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLException;

/**
 * What this process shows agents in place of the servers that they mean: a certificate for each agent and name, which is asked for when
 * it is needed and kept for a while. The key is this process's own and goes with it. Thread-safe.
 */
public final class CertifiedServers {
    static {
        // A second handshake inside the first could name another server. Read once, before the first handshake.
        System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
    }

    private static final int MOST = 512;
    /** Of one agent, so that none takes the places of others. */
    private static final int MOST_OF_AN_AGENT = 64;
    /** Certificates of one agent that are asked for at a time: whoever signs them has others' names to open too. */
    private static final int MOST_UNDER_WAY = 4;

    /** Half as long as a certificate holds. */
    private static final Duration KEPT = Duration.ofHours(12);

    /** So that who is refused again and again asks now and then. */
    private static final Duration REFUSAL_KEPT = Duration.ofSeconds(2);

    /** Clients that know tickets (RFC 8446, 4.6.1; RFC 5077) take none of it. */
    private static final int SESSIONS = 16;

    private final Certifier certifier;
    private final LongSupplier nanoTime;
    private final KeyPair keys;
    private Map<String, String> authorities = Map.of();
    private final LinkedHashMap<Place, Held> held = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Place, Held> eldest) {
            return size() > MOST;
        }
    };

    private record Place(String agent, String authority, String name) {}

    private record Held(CompletableFuture<Certified> context, long until) {}

    /** What to be for one agent and name, with or without HTTP/2. */
    public static final class Certified {
        private final SslContext withHttp2;
        private final SslContext withoutHttp2;

        private Certified(SslContext withHttp2, SslContext withoutHttp2) {
            this.withHttp2 = withHttp2;
            this.withoutHttp2 = withoutHttp2;
        }

        /** HTTP/1.1 is always offered, and to who knows no ALPN. Who knows nothing that is offered is told so. */
        public SslContext offering(boolean http2) {
            return http2 ? withHttp2 : withoutHttp2;
        }
    }

    public CertifiedServers(Certifier certifier, LongSupplier nanoTime) {
        this.certifier = certifier;
        this.nanoTime = nanoTime;
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            this.keys = generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no P-256 keys", e);
        }
    }

    /** Forgets what was signed by authorities that agents do not have any more. */
    public synchronized void configure(Configure configuration) {
        authorities = configuration.authorities();
        held.keySet().removeIf(place -> !place.authority().equals(authorities.get(place.agent())));
    }

    /**
     * What to be for an agent that means the server of that name.
     *
     * @param agent its address
     * @param name in the form of {@link dev.agentcontainers.policy.rule.DomainName}
     */
    public synchronized CompletableFuture<Certified> of(String agent, String name) {
        String authority = authorities.get(agent);
        if (authority == null) {
            return CompletableFuture.failedFuture(new IOException("the agent has no authority"));
        }
        Place place = new Place(agent, authority, name);
        Held known = held.get(place);
        if (known != null && known.until() - nanoTime.getAsLong() > 0 && !isOldRefusal(known)) {
            return known.context();
        }
        if (underWay(agent) >= MOST_UNDER_WAY) {
            return CompletableFuture.failedFuture(
                    new IOException("the agent has too many certificates asked for at a time"));
        }
        leaveRoom(agent);
        CompletableFuture<Certified> context = certifier
                .certify(agent, name, keys.getPublic())
                .thenApply(certificate ->
                        new Certified(context(certificate, "h2", "http/1.1"), context(certificate, "http/1.1")));
        held.put(place, new Held(context, nanoTime.getAsLong() + KEPT.toNanos()));
        return context;
    }

    private long underWay(String agent) {
        return held.entrySet().stream()
                .filter(each -> each.getKey().agent().equals(agent)
                        && !each.getValue().context().isDone())
                .count();
    }

    private void leaveRoom(String agent) {
        List<Place> its = held.keySet().stream()
                .filter(place -> place.agent().equals(agent))
                .toList();
        if (its.size() >= MOST_OF_AN_AGENT) {
            // The one that was needed longest ago.
            held.remove(its.getFirst());
        }
    }

    private boolean isOldRefusal(Held known) {
        long asked = known.until() - KEPT.toNanos();
        return known.context().isCompletedExceptionally() && nanoTime.getAsLong() - asked > REFUSAL_KEPT.toNanos();
    }

    private SslContext context(X509Certificate certificate, String... protocols) {
        try {
            return SslContextBuilder.forServer(keys.getPrivate(), certificate)
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .sessionCacheSize(SESSIONS)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.FATAL_ALERT,
                            SelectedListenerFailureBehavior.FATAL_ALERT,
                            protocols))
                    .build();
        } catch (SSLException e) {
            throw new CompletionException(e);
        }
    }
}
