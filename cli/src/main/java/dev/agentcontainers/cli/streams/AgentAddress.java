package dev.agentcontainers.cli.streams;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/** Where the gateway serves an agent's streams. */
record AgentAddress(String namespace, String name) {
    /** A parameter of a query. */
    record Parameter(String name, String value) {}

    String path(String subresource, List<Parameter> parameters) {
        String path =
                "/v1/namespaces/%s/agentcontainers/%s/%s".formatted(encoded(namespace), encoded(name), subresource);
        return parameters.isEmpty()
                ? path
                : path
                        + parameters.stream()
                                .map(parameter -> parameter.name() + "=" + encoded(parameter.value()))
                                .collect(Collectors.joining("&", "?", ""));
    }

    /** {@code URLEncoder} is for forms, where a space is a plus sign. */
    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
