package dev.agentcontainers.startcache;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Answers a program that rehearses its start as an API server would in an empty cluster with one node: it keeps what is
 * written to it and watches never end. It checks nothing and merges nothing: good for a rehearsal, no use for a test.
 */
final class ApiServerStandIn implements AutoCloseable {
    static final String NAMESPACE = "rehearsal";
    static final String NODE = "rehearsal";
    private static final String PASSWORD = "rehearsal";

    private final HttpsServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final KeptObjects objects = new KeptObjects();
    private final Path kubeconfig;

    private ApiServerStandIn(HttpsServer server, Path kubeconfig) {
        this.server = server;
        this.kubeconfig = kubeconfig;
    }

    /** @param folder takes its key, its certificate and a kubeconfig */
    static ApiServerStandIn start(Path folder) throws IOException, InterruptedException {
        Path keys = folder.resolve("keys.p12");
        Path certificate = folder.resolve("certificate.pem");
        keytool(
                "-genkeypair",
                "-keystore",
                keys.toString(),
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=rehearsal",
                "-ext",
                "san=ip:127.0.0.1");
        keytool(
                "-exportcert",
                "-keystore",
                keys.toString(),
                "-alias",
                "server",
                "-rfc",
                "-file",
                certificate.toString());
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls(keys)));
        Path kubeconfig = folder.resolve("kubeconfig");
        Files.writeString(
                kubeconfig,
                kubeconfig(
                        server.getAddress().getPort(),
                        Base64.getEncoder().encodeToString(Files.readAllBytes(certificate))));
        ApiServerStandIn started = new ApiServerStandIn(server, kubeconfig);
        server.createContext("/", started::answer);
        server.setExecutor(started.threads);
        server.start();
        return started;
    }

    Path kubeconfig() {
        return kubeconfig;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String query = String.valueOf(exchange.getRequestURI().getQuery());
            String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
            if (query.contains("watch=true")) {
                if (exchange.getRequestHeaders().containsKey("Upgrade")) {
                    // No web socket here: the client then watches by a response that never ends.
                    exchange.sendResponseHeaders(200, -1);
                    return;
                }
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().flush();
                Thread.sleep(Long.MAX_VALUE);
            }
            KeptObjects.Answer answer = objects.answer(exchange.getRequestMethod(), path, body);
            byte[] content = answer.json().getBytes(UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(answer.code(), content.length);
            exchange.getResponseBody().write(content);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static SSLContext tls(Path keys) throws IOException {
        try (InputStream content = Files.newInputStream(keys)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(content, PASSWORD.toCharArray());
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(store, PASSWORD.toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("the rehearsal's certificate can't be used", e);
        }
    }

    private static void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", PASSWORD));
        int code = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (code != 0) {
            throw new IOException("keytool " + arguments[0] + " ended with " + code);
        }
    }

    private static String kubeconfig(int port, String authority) {
        return """
                apiVersion: v1
                kind: Config
                clusters: [{name: rehearsal, cluster: {server: "https://127.0.0.1:%d", certificate-authority-data: "%s"}}]
                users: [{name: rehearsal, user: {token: rehearsal}}]
                contexts: [{name: rehearsal, context: {cluster: rehearsal, user: rehearsal}}]
                current-context: rehearsal
                """.formatted(port, authority);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
