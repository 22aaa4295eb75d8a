package dev.agentcontainers.egressproxy.certificates;

import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.concurrent.CompletableFuture;

/** Has an agent's authority sign. */
public interface Certifier {
    /**
     * Completes on a thread of its own; exceptionally where nothing was signed, or nobody is there who could.
     *
     * @param agent its address
     * @param name of the server
     */
    CompletableFuture<X509Certificate> certify(String agent, String name, PublicKey key);
}
