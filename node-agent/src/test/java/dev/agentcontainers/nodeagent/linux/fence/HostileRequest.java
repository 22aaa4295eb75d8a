package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.protocol.names.HttpVerdict;
import java.util.Locale;

/**
 * What an agent sends where only GET and POST of /v1/items and below it at www.example.org may pass, and GET of /v1/stream and below
 * it, also for WebSockets.
 */
enum HostileRequest {
    ANOTHER_METHOD(HttpVerdict.NO_RULE, "DELETE /v1/items HTTP/1.1", host()),
    ANOTHER_PATH(HttpVerdict.NO_RULE, "GET /admin HTTP/1.1", host()),
    A_PATH_IN_CAPITALS(HttpVerdict.NO_RULE, "GET /V1/ITEMS HTTP/1.1", host()),
    DOT_SEGMENTS(HttpVerdict.AMBIGUOUS_PATH, "GET /v1/items/../../admin HTTP/1.1", host()),
    ENCODED_DOT_SEGMENTS(HttpVerdict.AMBIGUOUS_PATH, "GET /v1/items/%2e%2e/%2E%2e/admin HTTP/1.1", host()),
    AN_ENCODED_SLASH(HttpVerdict.AMBIGUOUS_PATH, "GET /v1/items/..%2f..%2fadmin HTTP/1.1", host()),
    ENCODED_TWICE(HttpVerdict.AMBIGUOUS_PATH, "GET /v1/items/%252e%252e/admin HTTP/1.1", host()),
    TWO_SLASHES(HttpVerdict.AMBIGUOUS_PATH, "GET /v1/items//admin HTTP/1.1", host()),
    A_PARAMETER(HttpVerdict.AMBIGUOUS_PATH, "GET /v1/items/..;/..;/admin HTTP/1.1", host()),
    A_BACKSLASH(HttpVerdict.AMBIGUOUS_PATH, "GET /v1/items/..\\..\\admin HTTP/1.1", host()),
    ANOTHER_HOST(HttpVerdict.OTHER_HOST, "GET /v1/items HTTP/1.1", "Host: other.example.org"),
    A_NAME_THAT_WAS_NOT_RESOLVED(HttpVerdict.OTHER_HOST, "GET /v1/items HTTP/1.1", "Host: beside.example.org"),
    NO_HOST(HttpVerdict.OTHER_HOST, "GET /v1/items HTTP/1.1"),
    TWO_HOSTS(HttpVerdict.OTHER_HOST, "GET /v1/items HTTP/1.1", host(), "Host: other.example.org"),
    AN_ADDRESS_AS_HOST(HttpVerdict.OTHER_HOST, "GET /v1/items HTTP/1.1", "Host: " + Machine.PUBLIC),
    ABSOLUTE_FORM(HttpVerdict.OTHER_HOST, "GET http://other.example.org/v1/items HTTP/1.1", host()),
    A_LENGTH_AND_CHUNKS(
            HttpVerdict.MALFORMED,
            "POST /v1/items HTTP/1.1",
            host(),
            "Content-Length: 6",
            "Transfer-Encoding: chunked",
            "",
            "0",
            "",
            "GET /admin HTTP/1.1",
            host()),
    CHUNKS_IN_DISGUISE(
            HttpVerdict.MALFORMED, "POST /v1/items HTTP/1.1", host(), "Transfer-Encoding: xchunked", "", "0"),
    TWO_LENGTHS(HttpVerdict.MALFORMED, "POST /v1/items HTTP/1.1", host(), "Content-Length: 0", "Content-Length: 30"),
    A_LENGTH_THAT_IS_NONE(HttpVerdict.MALFORMED, "POST /v1/items HTTP/1.1", host(), "Content-Length: +0"),
    A_FOLDED_LINE(HttpVerdict.MALFORMED, "GET /v1/items HTTP/1.1", host(), "X-A: b", " Transfer-Encoding: chunked"),
    A_SPACE_BEFORE_THE_COLON(HttpVerdict.MALFORMED, "POST /v1/items HTTP/1.1", host(), "Content-Length : 0"),
    A_BARE_LINE_FEED(HttpVerdict.MALFORMED, "GET /v1/items HTTP/1.1", "X-A: b\n" + host()),
    ANOTHER_METHOD_IN_A_HEADER(
            HttpVerdict.OVERRIDDEN, "POST /v1/items HTTP/1.1", host(), "X-HTTP-Method-Override: DELETE"),
    ANOTHER_PATH_IN_A_HEADER(HttpVerdict.OVERRIDDEN, "GET /v1/items HTTP/1.1", host(), "X-Original-URL: /admin"),
    CONNECT(HttpVerdict.OTHER_PROTOCOL, "CONNECT www.example.org:80 HTTP/1.1", host()),
    UPGRADE_TO_H2C(
            HttpVerdict.OTHER_PROTOCOL,
            "GET /v1/items HTTP/1.1",
            host(),
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
    A_WEBSOCKET_WITHOUT_A_RULE(
            HttpVerdict.NO_RULE,
            "GET /v1/items HTTP/1.1",
            host(),
            "Connection: Upgrade",
            "Upgrade: websocket",
            key(),
            "Sec-WebSocket-Version: 13"),
    A_WEBSOCKET_WITHOUT_KEY(
            HttpVerdict.BAD_HANDSHAKE,
            "GET /v1/stream HTTP/1.1",
            host(),
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "",
            "GET /admin HTTP/1.1",
            host()),
    A_WEBSOCKET_OF_A_VERSION_THAT_NO_SERVER_HAS(
            HttpVerdict.BAD_HANDSHAKE,
            "GET /v1/stream HTTP/1.1",
            host(),
            "Connection: Upgrade",
            "Upgrade: websocket",
            key(),
            "Sec-WebSocket-Version: 777",
            "",
            "GET /admin HTTP/1.1",
            host()),
    A_WEBSOCKET_THAT_IS_NOT_FOR_THIS_CONNECTION(
            HttpVerdict.BAD_HANDSHAKE,
            "GET /v1/stream HTTP/1.1",
            host(),
            "Upgrade: websocket",
            key(),
            "Sec-WebSocket-Version: 13"),
    A_WEBSOCKET_WITH_CONTENT(
            HttpVerdict.BAD_HANDSHAKE,
            "GET /v1/stream HTTP/1.1",
            host(),
            "Connection: Upgrade",
            "Upgrade: websocket",
            key(),
            "Sec-WebSocket-Version: 13",
            "Content-Length: 10"),
    H2C_BESIDE_A_WEBSOCKET(
            HttpVerdict.OTHER_PROTOCOL,
            "GET /v1/stream HTTP/1.1",
            host(),
            "Connection: Upgrade",
            "Upgrade: websocket, h2c",
            key(),
            "Sec-WebSocket-Version: 13"),
    H2C_BEHIND_A_WEBSOCKET(
            HttpVerdict.OTHER_PROTOCOL,
            "GET /v1/stream HTTP/1.1",
            host(),
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: websocket",
            "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            key(),
            "Sec-WebSocket-Version: 13"),
    UPGRADE_TO_TLS(
            HttpVerdict.OTHER_PROTOCOL, "GET /v1/stream HTTP/1.1", host(), "Connection: Upgrade", "Upgrade: TLS/1.2"),
    EIGHT_BYTES_BEHIND_AN_OLD_HANDSHAKE(
            HttpVerdict.OTHER_PROTOCOL,
            "GET /v1/items HTTP/1.1",
            host(),
            "Sec-WebSocket-Key1: a",
            "Sec-WebSocket-Key2: b",
            "",
            "GET /a"),
    ANOTHER_HOST_IN_A_HEADER(
            HttpVerdict.OVERRIDDEN, "GET /v1/items HTTP/1.1", host(), "Forwarded: host=admin.example.org"),
    MANY_HEADERS(HttpVerdict.TOO_LARGE, "GET /v1/items HTTP/1.1", host(), "a:\r\n".repeat(5000) + "b:"),
    ALMOST_HTTP_2(HttpVerdict.OTHER_PROTOCOL, "PRI * HTTP/2.0", "", "SX"),
    LONG_HEADERS(HttpVerdict.TOO_LARGE, "GET /v1/items HTTP/1.1", host(), "X-A: " + "a".repeat(17_000)),
    SSH(HttpVerdict.MALFORMED, "SSH-2.0-client");

    private final HttpVerdict verdict;
    private final String text;

    HostileRequest(HttpVerdict verdict, String... lines) {
        this.verdict = verdict;
        this.text = String.join("\r\n", lines) + "\r\n\r\n";
    }

    private static String host() {
        return "Host: www.example.org";
    }

    private static String key() {
        return "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    }

    HttpVerdict verdict() {
        return verdict;
    }

    String text() {
        return text;
    }

    /** The word for why in the answer. */
    String reason() {
        return verdict.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
