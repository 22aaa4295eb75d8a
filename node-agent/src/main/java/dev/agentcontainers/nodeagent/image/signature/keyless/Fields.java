package dev.agentcontainers.nodeagent.image.signature.keyless;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * What JSON of strangers has by a name. What is of another type than belongs there is refused, not taken for absent; null is
 * absent, as where messages of the protocol are written as JSON.
 */
final class Fields {
    private Fields() {}

    private static Optional<JsonNode> present(JsonNode parent, String name) {
        return Optional.of(parent.path(name)).filter(node -> !node.isMissingNode() && !node.isNull());
    }

    private static DistrustException wrong(String name, String right) {
        return new DistrustException("has something else than " + right + " as '" + name + "'");
    }

    static Optional<JsonNode> object(JsonNode parent, String name) throws DistrustException {
        Optional<JsonNode> object = present(parent, name);
        if (object.isPresent() && !object.get().isObject()) {
            throw wrong(name, "an object");
        }
        return object;
    }

    static JsonNode needed(JsonNode parent, String name) throws DistrustException {
        return object(parent, name).orElseThrow(() -> wrong(name, "an object"));
    }

    /** Empty where it is absent. */
    static List<JsonNode> list(JsonNode parent, String name) throws DistrustException {
        Optional<JsonNode> list = present(parent, name);
        if (list.isPresent() && !list.get().isArray()) {
            throw wrong(name, "a list");
        }
        List<JsonNode> all = new ArrayList<>();
        list.ifPresent(nodes -> nodes.forEach(all::add));
        return all;
    }

    static List<JsonNode> objects(JsonNode parent, String name) throws DistrustException {
        List<JsonNode> all = list(parent, name);
        for (JsonNode each : all) {
            if (!each.isObject()) {
                throw wrong(name, "a list of objects");
            }
        }
        return all;
    }

    static String text(JsonNode parent, String name) throws DistrustException {
        return text(parent.path(name), name, "text");
    }

    static byte[] bytes(JsonNode parent, String name) throws DistrustException {
        return base64(parent.path(name), name);
    }

    /** @param name of the list that it is in, or its own */
    static byte[] base64(JsonNode node, String name) throws DistrustException {
        try {
            return Base64.getDecoder().decode(text(node, name, "base64"));
        } catch (IllegalArgumentException e) {
            throw wrong(name, "base64");
        }
    }

    private static String text(JsonNode node, String name, String right) throws DistrustException {
        if (!node.isTextual()) {
            throw wrong(name, right);
        }
        return node.textValue();
    }

    /** Written as a number or as text; what is nothing is left out. */
    static long number(JsonNode parent, String name) throws DistrustException {
        Optional<JsonNode> number = present(parent, name);
        if (number.isEmpty()) {
            return 0;
        }
        if (!number.get().isTextual() && !number.get().isIntegralNumber()) {
            throw wrong(name, "a number");
        }
        try {
            return Long.parseLong(number.get().asText());
        } catch (NumberFormatException e) {
            throw wrong(name, "a number");
        }
    }
}
