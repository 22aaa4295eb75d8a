package dev.agentcontainers.cli.streams;

import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.GatewayHttp;
import dev.agentcontainers.protocol.client.MessageSocket;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** Where the gateway serves an agent's streams. */
public record AgentAddress(String namespace, String name) {
    /** What a request's first line has beside the address. */
    private static final String LINE = "GET  HTTP/1.1";

    /** A parameter of a query. */
    public record Parameter(String name, String value) {}

    /** @param subresource of AgentContainers */
    public String path(String subresource, List<Parameter> parameters) {
        String path =
                "/v1/namespaces/%s/agentcontainers/%s/%s".formatted(encoded(namespace), encoded(name), subresource);
        return parameters.isEmpty()
                ? path
                : path
                        + parameters.stream()
                                .map(parameter -> parameter.name() + "=" + encoded(parameter.value()))
                                .collect(Collectors.joining("&", "?", ""));
    }

    /**
     * Has a program be run in the agent's sandbox.
     *
     * @param command program and arguments
     * @throws dev.agentcontainers.protocol.RefusedException where the gateway says no, with its reason
     * @throws UserException where the command is too long to be sent
     */
    MessageSocket exec(GatewayHttp gateway, List<String> command, boolean stdin, boolean tty)
            throws IOException, InterruptedException {
        List<Parameter> parameters = new ArrayList<>();
        command.forEach(word -> parameters.add(new Parameter("command", word)));
        if (stdin) {
            parameters.add(new Parameter("stdin", "true"));
        }
        if (tty) {
            parameters.add(new Parameter("tty", "true"));
        }
        String path = path("exec", parameters);
        int length = LINE.length() + path.length();
        if (length > GatewayPaths.LONGEST_LINE) {
            throw new UserException(
                    ("the command has %d bytes as it is sent, percent-encoded, of which there may be %d: have it read"
                                    + " what is long from its standard input or a file")
                            .formatted(length, GatewayPaths.LONGEST_LINE));
        }
        return gateway.connect(path, StreamFrame.SUBPROTOCOL, StreamFrame.MAXIMUM_LENGTH);
    }

    /**
     * Opens what is there as a program's streams.
     *
     * @throws UserException where that is refused, with the reason, or nobody was reached
     */
    RemoteProcess open(GatewayHttp gateway, String subresource) throws InterruptedException {
        try {
            return new RemoteProcess(
                    gateway.connect(path(subresource, List.of()), StreamFrame.SUBPROTOCOL, StreamFrame.MAXIMUM_LENGTH));
        } catch (RefusedException e) {
            throw new UserException(Printable.text(String.valueOf(e.getMessage())));
        } catch (IOException e) {
            throw new UserException("the gateway could not be reached: "
                    + Printable.text(Objects.requireNonNullElse(e.getMessage(), e.toString())));
        }
    }

    /** {@code URLEncoder} is for forms, where a space is a plus sign. */
    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
