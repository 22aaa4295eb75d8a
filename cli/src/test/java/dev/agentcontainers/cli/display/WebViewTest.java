package dev.agentcontainers.cli.display;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class WebViewTest {
    private static final String ID = "?id=0123456789abcdef0123456789abcdef";

    private final List<String> said = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private ScriptedDisplay display;
    private WebView view;
    private URI address;

    @BeforeEach
    void listen() throws IOException {
        display = new ScriptedDisplay();
        view = WebView.listen(
                0,
                () -> {
                    connections.incrementAndGet();
                    return AgentScreen.greet(display);
                },
                said::add);
        address = URI.create(view.address());
    }

    @AfterEach
    void close() {
        view.close();
        display.close();
    }

    private Socket ask(String method, String path, String headers, byte... body) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort());
        socket.getOutputStream()
                .write((method + " " + path + " HTTP/1.1\r\n" + headers + "Connection: close\r\nContent-Length: "
                                + body.length + "\r\n\r\n")
                        .getBytes(ISO_8859_1));
        socket.getOutputStream().write(body);
        return socket;
    }

    private String answer(String method, String path, String headers, byte... body) throws IOException {
        try (Socket socket = ask(method, path, headers, body)) {
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }

    private String host() {
        return "Host: " + address.getAuthority() + "\r\n";
    }

    private String origin() {
        return host() + "Origin: http://" + address.getAuthority() + "\r\n";
    }

    /** Zeros to fill in are the page's address. */
    @ParameterizedTest
    @CsvSource({
        "a site whose name leads here, GET, TOKEN, screen, Host: attacker.example.org:PORT,, 403",
        "the same with its own origin, POST, TOKEN, input, Host: attacker.example.org:PORT, http://attacker.example.org:PORT, 403",
        "localhost, GET, TOKEN, '', Host: localhost:PORT,, 403",
        "no name, GET, TOKEN, '', X: y,, 403",
        "a page of another site, POST, TOKEN, input, Host: 127.0.0.1:PORT, http://attacker.example.org, 403",
        "a page that hides its site, POST, TOKEN, input, Host: 127.0.0.1:PORT, 'null', 403",
        "a page of another port, POST, TOKEN, input, Host: 127.0.0.1:PORT, http://127.0.0.1:1, 403",
        "nobody's input, POST, TOKEN, input, Host: 127.0.0.1:PORT,, 403",
        "a screen for another site, GET, TOKEN, screen, Host: 127.0.0.1:PORT, http://attacker.example.org, 403",
        "who does not know the path, GET, , screen, Host: 127.0.0.1:PORT,, 404",
        "who guesses it, GET, 00000000000000000000000000000000, screen, Host: 127.0.0.1:PORT,, 404",
        "input to no screen, POST, TOKEN, input, Host: 127.0.0.1:PORT, http://127.0.0.1:PORT, 409",
        "another file, GET, TOKEN, ../WebView.class, Host: 127.0.0.1:PORT,, 404",
        "another method, DELETE, TOKEN, screen, Host: 127.0.0.1:PORT,, 404"
    })
    void whoIsNotItsUserOrItsPageGetsNothing(
            String who, String method, String token, String what, String host, String origin, int code)
            throws IOException {
        String port = Integer.toString(address.getPort());
        String given = token == null ? "" : token.equals("TOKEN") ? address.getPath() : "/" + token + "/";
        String headers = host.replace("PORT", port) + "\r\n"
                + (origin == null ? "" : "Origin: " + origin.replace("PORT", port) + "\r\n");
        assertThat(answer(method, given.isEmpty() ? "/" + what + ID : given + what + ID, headers))
                .as(who)
                .startsWith("HTTP/1.1 " + code + " ")
                .endsWith("\r\n\r\n");
        assertThat(connections).as("to the agent").hasValue(0);
    }

    @Test
    void thePageIsServedAndMayUseNothingOfOthers() throws IOException {
        assertThat(address.getHost()).isEqualTo("127.0.0.1");
        assertThat(address.getPath()).matches("/[0-9a-f]{32}/");
        assertThat(answer("GET", address.getPath(), host()))
                .startsWith("HTTP/1.1 200 ")
                .containsIgnoringCase("Content-Security-Policy: default-src 'none'; script-src 'self'")
                .contains("<canvas", "src=\"page.js\"");
        assertThat(answer("GET", address.getPath() + "page.js", host())).contains("fetch(\"screen?id=\"");
        assertThat(answer("GET", address.getPath() + "page.css", host())).contains("canvas");
    }

    private static byte[] compressed(int... plain) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(content)) {
            for (int one : plain) {
                deflater.write(one);
            }
        }
        return ByteBuffer.allocate(Integer.BYTES + content.size())
                .putInt(content.size())
                .put(content.toByteArray())
                .array();
    }

    @Test
    void picturesPassOneWayAndKeysTheOtherAndNoClipboard() throws IOException {
        display.welcoming(1).showing("x");
        display.output.write(new byte[] {3, 0, 0, 0, 0, 0, 0, 8});
        display.output.writeBytes("rm -rf ~");
        // Two colours, of which each row has one bit a pixel.
        display.update(16, compressed(2, 10, 20, 30, 200, 210, 220, 0b01000000, 0b10000000));
        try (Socket page = ask("GET", address.getPath() + "screen" + ID, host())) {
            InputStream content = page.getInputStream();
            String head = "";
            while (!head.endsWith("\r\n\r\n")) {
                head += (char) content.read();
            }
            assertThat(head).startsWith("HTTP/1.1 200 ");
            assertThat(chunk(content)).containsExactly(0, 0, 2, 0, 2);
            byte[] dark = {10, 20, 30, -1};
            byte[] light = {-56, -46, -36, -1};
            assertThat(chunk(content))
                    .containsExactly(ByteBuffer.allocate(25)
                            .put(new byte[] {1, 0, 0, 0, 0, 0, 2, 0, 2})
                            .put(dark)
                            .put(light)
                            .put(light)
                            .put(dark)
                            .array());
            display.greeting();
            byte[] asked = display.input.readNBytes(20 + 16 + 10 + 10);
            assertThat(asked).startsWith(0, 0, 0, 0, 32, 24, 0, 1).endsWith(3, 1, 0, 0, 0, 0, 0, 2, 0, 2);

            assertThat(answer("POST", address.getPath() + "input" + ID, origin(), new byte[] {
                        4, 1, 0, 0, 0, 'a', 5, 1, 0, 1, 0, 1
                    }))
                    .startsWith("HTTP/1.1 204 ");
            assertThat(display.input.readNBytes(14)).containsExactly(4, 1, 0, 0, 0, 0, 0, 'a', 5, 1, 0, 1, 0, 1);
            assertThat(answer("POST", address.getPath() + "input" + ID, origin(), new byte[] {6, 0, 0, 0, 0, 0}))
                    .as("a clipboard")
                    .startsWith("HTTP/1.1 400 ");
        }
    }

    /** Kinds of tiles, each of which ends as it should not. */
    @ParameterizedTest
    @CsvSource({
        "less than it says, '0;1;2;3', less than it says",
        "a colour that is not named, '130;1;1;1;2;2;2;5', a colour that it has not named",
        "a run beyond the tile, '128;1;1;1;9', more than fits",
        "a run without an end, '128;1;1;1;255;255;255;255;255;255;255;255;255;255;255;255;255;255;255;255;255;255', more than fits",
        "no such kind, '17', a tile of kind 17"
    })
    void aPictureThatDoesNotFitEndsIt(String what, String bytes, String message) throws IOException {
        int[] plain = java.util.Arrays.stream(bytes.split(";", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        display.welcoming(1).showing("x").update(16, compressed(plain));
        try (Socket page = ask("GET", address.getPath() + "screen" + ID, host())) {
            page.getInputStream().readAllBytes();
        }
        await().untilAsserted(() ->
                assertThat(said).as(what).singleElement().asString().contains(message));
    }

    @Test
    void aPictureBesideTheScreenEndsIt() throws IOException {
        display.welcoming(1).showing("x");
        display.output.write(new byte[] {0, 0, 0, 1, 0, 1, 0, 0, -1, -1, -1, -1, 0, 0, 0, 16});
        try (Socket page = ask("GET", address.getPath() + "screen" + ID, host())) {
            page.getInputStream().readAllBytes();
        }
        await().untilAsserted(() ->
                assertThat(said).containsExactly("the agent's display sends a picture beside its screen"));
    }

    private static byte[] chunk(InputStream from) throws IOException {
        String length = "";
        while (!length.endsWith("\r\n")) {
            length += (char) from.read();
        }
        byte[] content = from.readNBytes(Integer.parseInt(length.strip(), 16));
        from.readNBytes(2);
        return content;
    }
}
