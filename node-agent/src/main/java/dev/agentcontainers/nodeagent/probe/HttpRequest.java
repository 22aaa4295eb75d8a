package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.fence.AgentConnection;
import dev.agentcontainers.nodeagent.sandbox.Probe.Handler.HttpGet;
import dev.agentcontainers.nodeagent.sandbox.Probe.Header;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One GET of HTTP/1.1 to an agent. What counts is the status; of the rest so much is read that a well-behaved server sees its
 * answer taken. No redirect is followed: a status of 3xx is a success, as long as the agent gives it. Source: RFC 9112.
 */
final class HttpRequest {
    /** Bytes of status lines and headers together, those of interim answers included. */
    static final int LONGEST_HEAD = 64 * 1024;

    /** Bytes of a body that are read. */
    static final int LONGEST_BODY = 10 * 1024;

    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1[.][01] ([1-5][0-9]{2})( .*)?");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,15}");
    private static final int SWITCHING_PROTOCOLS = 101;
    private static final int FIRST_FINAL = 200;
    private static final int FIRST_FAILURE = 400;
    private static final int NO_CONTENT = 204;
    private static final int NOT_MODIFIED = 304;
    private static final int SHOWN = 60;

    private final HttpGet get;
    private final AgentConnection connection;
    private int left = LONGEST_HEAD;

    HttpRequest(HttpGet get, AgentConnection connection) {
        this.get = get;
        this.connection = connection;
    }

    static boolean isSuccess(int status) {
        return status >= FIRST_FINAL && status < FIRST_FAILURE;
    }

    /** @throws IOException where there is no whole answer */
    int status() throws IOException {
        if (!get.tls()) {
            return ask(connection.input(), connection.output());
        }
        TlsStreams tls = TlsStreams.over(connection, get.host().orElse(connection.address()), get.port());
        return ask(tls.input(), tls.output());
    }

    private int ask(InputStream from, OutputStream to) throws IOException {
        to.write(request().getBytes(StandardCharsets.ISO_8859_1));
        to.flush();
        InputStream answer = new BufferedInputStream(from);
        while (true) {
            int status = statusOf(line(answer));
            OptionalLong length = headers(answer);
            if (status >= FIRST_FINAL || status == SWITCHING_PROTOCOLS) {
                takeBody(answer, status, length);
                return status;
            }
        }
    }

    private String request() {
        StringBuilder text = new StringBuilder("GET ").append(get.path()).append(" HTTP/1.1\r\n");
        defaulted(text, "Host", get.host().orElse(connection.address()) + ":" + get.port());
        defaulted(text, "User-Agent", "agentcontainers-probe");
        defaulted(text, "Accept", "*/*");
        for (Header header : get.headers()) {
            if (!header.name().equalsIgnoreCase("Connection")) {
                line(text, header.name(), header.value());
            }
        }
        line(text, "Connection", "close");
        return text.append("\r\n").toString();
    }

    private void defaulted(StringBuilder text, String name, String value) {
        if (get.headers().stream().noneMatch(header -> header.name().equalsIgnoreCase(name))) {
            line(text, name, value);
        }
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append(name).append(": ").append(value).append("\r\n");
    }

    private static int statusOf(String line) throws IOException {
        Matcher status = STATUS_LINE.matcher(line);
        if (!status.matches()) {
            throw new IOException("answered with what is no HTTP/1.1: "
                    + (line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "..."));
        }
        return Integer.parseInt(status.group(1));
    }

    /** @return how long the body is, where that is said */
    private OptionalLong headers(InputStream answer) throws IOException {
        OptionalLong length = OptionalLong.empty();
        for (String line = line(answer); !line.isEmpty(); line = line(answer)) {
            int colon = line.indexOf(':');
            String name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
            String value = line.substring(colon + 1).strip();
            if (name.equals("content-length") && LENGTH.matcher(value).matches()) {
                length = OptionalLong.of(Long.parseLong(value));
            }
        }
        return length;
    }

    private String line(InputStream answer) throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int next = answer.read();
            if (next < 0) {
                throw new EOFException("the connection ended before the answer did");
            }
            if (--left < 0) {
                throw new IOException("answered with more than " + LONGEST_HEAD + " bytes of headers");
            }
            if (next == '\n') {
                int end = line.length();
                return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
            }
            line.append((char) next);
        }
    }

    /** One whose length is not said is left: its end may never come. */
    private static void takeBody(InputStream answer, int status, OptionalLong length) throws IOException {
        if (length.isEmpty() || status == NO_CONTENT || status == NOT_MODIFIED || status == SWITCHING_PROTOCOLS) {
            return;
        }
        long wanted = Math.min(length.getAsLong(), LONGEST_BODY);
        if (answer.readNBytes((int) wanted).length < wanted) {
            throw new EOFException("the connection ended before the answer did");
        }
    }
}
