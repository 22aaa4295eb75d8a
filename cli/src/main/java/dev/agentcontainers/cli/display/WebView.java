package dev.agentcontainers.cli.display;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A page that shows an agent's display in a browser of this machine. Whoever asks must know its path, which is made for this run, and
 * must have come by its own address: pages of other sites do not, whatever their names lead to.
 */
final class WebView implements AutoCloseable {
    private static final int MOST_AT_ONCE = 8;
    private static final int MOST_INPUT = 6000;
    private static final int TOKEN_BYTES = 16;
    private static final int BUFFER = 64 << 10;
    private static final Pattern SESSION = Pattern.compile("id=([0-9a-f]{32})");
    private static final Map<String, String> FILES =
            Map.of("", "page.html", "page.js", "page.js", "page.css", "page.css");
    private static final Map<String, String> TYPES = Map.of(
            "html",
            "text/html; charset=utf-8",
            "js",
            "text/javascript; charset=utf-8",
            "css",
            "text/css; charset=utf-8");

    private final HttpServer server;
    private final Screens screens;
    private final Consumer<String> says;
    private final String token;
    private final Map<String, WebScreen> shown = new ConcurrentHashMap<>();
    private final Semaphore places = new Semaphore(MOST_AT_ONCE);

    private WebView(HttpServer server, Screens screens, Consumer<String> says) {
        this.server = server;
        this.screens = screens;
        this.says = says;
        byte[] random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        this.token = HexFormat.of().formatHex(random);
    }

    /**
     * @param port 0 for any that is free
     * @param says is told why a page shows nothing
     */
    static WebView listen(int port, Screens screens, Consumer<String> says) {
        try {
            // Read when the first of them is made: keys are small, and do not wait for others.
            System.setProperty("sun.net.httpserver.nodelay", "true");
            InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
            WebView view = new WebView(HttpServer.create(new InetSocketAddress(loopback, port), 0), screens, says);
            view.server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            view.server.createContext("/", view::serve);
            view.server.start();
            return view;
        } catch (IOException e) {
            throw new UserException("can't listen at 127.0.0.1:%d: %s".formatted(port, e.getMessage()));
        }
    }

    private String authority() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** Where its user finds it, and nobody who is not told. */
    String address() {
        return "http://" + authority() + "/" + token + "/";
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            int refusal = refusal(exchange);
            if (refusal != HttpURLConnection.HTTP_OK) {
                exchange.sendResponseHeaders(refusal, -1);
                return;
            }
            Headers headers = exchange.getResponseHeaders();
            headers.set("Cache-Control", "no-store");
            headers.set("Referrer-Policy", "same-origin");
            headers.set("X-Content-Type-Options", "nosniff");
            headers.set("Cross-Origin-Resource-Policy", "same-origin");
            headers.set(
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'");
            answer(exchange, exchange.getRequestURI().getPath().substring(token.length() + 2));
        }
    }

    /** By another name it is another site that asks: one whose name leads here, too. */
    private int refusal(HttpExchange exchange) {
        Headers headers = exchange.getRequestHeaders();
        if (!authority().equals(headers.getFirst("Host"))) {
            return HttpURLConnection.HTTP_FORBIDDEN;
        }
        String origin = headers.getFirst("Origin");
        boolean post = exchange.getRequestMethod().equals("POST");
        if (origin == null ? post : !origin.equals("http://" + authority())) {
            return HttpURLConnection.HTTP_FORBIDDEN;
        }
        String path = exchange.getRequestURI().getPath();
        int end = path.indexOf('/', 1);
        String given = end < 0 ? "" : path.substring(1, end);
        return MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8))
                ? HttpURLConnection.HTTP_OK
                : HttpURLConnection.HTTP_NOT_FOUND;
    }

    private void answer(HttpExchange exchange, String what) throws IOException {
        boolean post = exchange.getRequestMethod().equals("POST");
        boolean get = exchange.getRequestMethod().equals("GET");
        Matcher session = SESSION.matcher(
                Objects.requireNonNullElse(exchange.getRequestURI().getQuery(), ""));
        if (get && FILES.containsKey(what)) {
            file(exchange, Objects.requireNonNull(FILES.get(what)));
        } else if (get && what.equals("screen") && session.matches()) {
            screen(exchange, session.group(1));
        } else if (post && what.equals("input") && session.matches()) {
            exchange.sendResponseHeaders(input(exchange, session.group(1)), -1);
        } else {
            exchange.sendResponseHeaders(HttpURLConnection.HTTP_NOT_FOUND, -1);
        }
    }

    private static void file(HttpExchange exchange, String name) throws IOException {
        try (InputStream file = Objects.requireNonNull(WebView.class.getResourceAsStream(name), name)) {
            byte[] content = file.readAllBytes();
            exchange.getResponseHeaders()
                    .set("Content-Type", Objects.requireNonNull(TYPES.get(name.substring(name.indexOf('.') + 1))));
            exchange.sendResponseHeaders(HttpURLConnection.HTTP_OK, content.length);
            exchange.getResponseBody().write(content);
        }
    }

    private void screen(HttpExchange exchange, String session) throws IOException {
        if (!places.tryAcquire()) {
            exchange.sendResponseHeaders(HttpURLConnection.HTTP_UNAVAILABLE, -1);
            return;
        }
        try (AgentScreen screen = screens.connect()) {
            WebScreen web = new WebScreen(screen);
            if (shown.putIfAbsent(session, web) != null) {
                exchange.sendResponseHeaders(HttpURLConnection.HTTP_CONFLICT, -1);
                return;
            }
            exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
            exchange.sendResponseHeaders(HttpURLConnection.HTTP_OK, 0);
            try (OutputStream page = new BufferedOutputStream(exchange.getResponseBody(), BUFFER)) {
                web.show(page);
            } finally {
                shown.remove(session, web);
            }
        } catch (Rfb.BrokenException | UserException e) {
            says.accept(Printable.text(String.valueOf(e.getMessage())));
        } catch (IOException e) {
            // The page or the display is gone.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            places.release();
        }
    }

    private int input(HttpExchange exchange, String session) throws IOException {
        WebScreen screen = shown.get(session);
        if (screen == null) {
            return HttpURLConnection.HTTP_CONFLICT;
        }
        byte[] events = exchange.getRequestBody().readNBytes(MOST_INPUT + 1);
        if (events.length > MOST_INPUT) {
            return HttpURLConnection.HTTP_ENTITY_TOO_LARGE;
        }
        try {
            screen.take(events);
            return HttpURLConnection.HTTP_NO_CONTENT;
        } catch (IllegalArgumentException e) {
            return HttpURLConnection.HTTP_BAD_REQUEST;
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
