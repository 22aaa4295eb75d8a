package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.certificates.CertifiedServers;
import dev.agentcontainers.egressproxy.certificates.TrustedServers;
import dev.agentcontainers.egressproxy.http.HttpNames;
import dev.agentcontainers.egressproxy.relay.InterceptedConnections.ForHttps;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** For tests in which nothing is decrypted. */
final class Decrypting {
    static final ForHttps NOTHING = new ForHttps(
            HttpNames.insideTls(System::nanoTime),
            new CertifiedServers(
                    (_, _, _) -> CompletableFuture.failedFuture(new IOException("nothing is signed")),
                    System::nanoTime),
            new TrustedServers());

    private Decrypting() {}
}
