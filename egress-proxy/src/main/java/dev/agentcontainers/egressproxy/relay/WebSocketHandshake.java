package dev.agentcontainers.egressproxy.relay;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The two messages by which a connection of HTTP/1.1 goes on as a WebSocket. Strict: whoever relays it has to be as sure as client and
 * server that both mean that, since nobody judges what comes then. Sources: RFC 6455, 4.1 and 4.2; RFC 9110, 7.8.
 */
final class WebSocketHandshake {
    static final String PROTOCOL = "websocket";

    private static final String UPGRADE = "upgrade";
    private static final String VERSION = "13";
    private static final int KEY_BYTES = 16;

    /** Of RFC 6455, 1.3. */
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /** Of those that begin like these, all that a client sends. */
    private static final Set<String> OF_CLIENTS =
            Set.of("sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions");

    private WebSocketHandshake() {}

    /** Whether a request asks for a WebSocket, and for nothing else beside it; perhaps in a wrong way. */
    static boolean isAskedFor(HttpRequest message) {
        List<String> protocols = message.headers().getAll(HttpHeaderNames.UPGRADE);
        return protocols.size() == 1 && protocols.getFirst().equalsIgnoreCase(PROTOCOL);
    }

    /** Whether a header is about WebSockets, in that form or with underscores, which some servers read as hyphens. */
    static boolean isAbout(String header) {
        return header.toLowerCase(Locale.ROOT).replace('_', '-').startsWith("sec-websocket-");
    }

    /** What is wrong with a request that asks for a WebSocket: which field, and how it would be right. Empty where nothing is. */
    static Optional<String> problem(HttpRequest message) {
        HttpHeaders headers = message.headers();
        Set<String> options = Set.copyOf(options(headers));
        Optional<String> foreign = headers.names().stream()
                .filter(name -> isAbout(name) && !OF_CLIENTS.contains(name.toLowerCase(Locale.ROOT)))
                .findFirst();
        if (!message.method().equals(HttpMethod.GET)
                || !message.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            return Optional.of("it must be a GET of HTTP/1.1");
        }
        if (!options.contains(UPGRADE) || !Set.of(UPGRADE, "keep-alive").containsAll(options)) {
            return Optional.of("Connection must be Upgrade, with nothing but keep-alive beside it");
        }
        if (hasContent(headers)) {
            return Optional.of("it must have no content: no Transfer-Encoding, Expect or Content-Length but 0");
        }
        if (!headers.getAll("sec-websocket-version").equals(List.of(VERSION))) {
            return Optional.of("Sec-WebSocket-Version must be there once and be 13");
        }
        List<String> keys = headers.getAll("sec-websocket-key");
        if (keys.size() != 1 || !isKey(keys.getFirst())) {
            return Optional.of("Sec-WebSocket-Key must be there once and be 16 bytes in Base64");
        }
        return foreign.map(name -> name + " is for no client");
    }

    /** Java's client up to 18 says of each GET that its content has no bytes. */
    private static boolean hasContent(HttpHeaders headers) {
        return !Set.of("0").containsAll(headers.getAll(HttpHeaderNames.CONTENT_LENGTH))
                || headers.getAll(HttpHeaderNames.CONTENT_LENGTH).size() > 1
                || headers.contains(HttpHeaderNames.TRANSFER_ENCODING)
                || headers.contains(HttpHeaderNames.EXPECT);
    }

    /** The one form of 16 bytes: decoders are not of one mind about others. */
    private static boolean isKey(String text) {
        try {
            byte[] key = Base64.getDecoder().decode(text);
            return key.length == KEY_BYTES
                    && Base64.getEncoder().encodeToString(key).equals(text);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** What a server that has understood a request with that key answers as {@code Sec-WebSocket-Accept}. */
    static String accept(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-1", impossible);
        }
    }

    /**
     * Whether an answer, read without failure, says that the connection goes on as a WebSocket. It has no content, and says nothing of
     * any: with a length or a transfer coding one reader takes for content what another takes for the WebSocket's first bytes. Netty's
     * decoder has dropped {@code chunked} where nothing else is said with it. Sources: RFC 9110, 8.6; RFC 9112, 6.1.
     *
     * @param accept of the request
     */
    static boolean isAccepted(HttpResponse answer, String accept) {
        HttpHeaders headers = answer.headers();
        List<String> protocols = headers.getAll(HttpHeaderNames.UPGRADE);
        return answer.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)
                && answer.protocolVersion().equals(HttpVersion.HTTP_1_1)
                && protocols.size() == 1
                && protocols.getFirst().equalsIgnoreCase(PROTOCOL)
                && options(headers).contains(UPGRADE)
                && headers.getAll("sec-websocket-accept").equals(List.of(accept))
                && !headers.contains(HttpHeaderNames.CONTENT_LENGTH)
                && !headers.contains(HttpHeaderNames.TRANSFER_ENCODING);
    }

    /** What Connection says, in small letters. */
    static List<String> options(HttpHeaders headers) {
        List<String> options = new ArrayList<>();
        for (String value : headers.getAll(HttpHeaderNames.CONNECTION)) {
            for (String option : value.split(",", -1)) {
                options.add(option.strip().toLowerCase(Locale.ROOT));
            }
        }
        return options;
    }
}
