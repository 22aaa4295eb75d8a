package dev.agentcontainers.assignment.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads YAML 1.2 as trees, with the reader that the Kubernetes client has. A key that stands twice in one mapping is an
 * error, as for kubectl, and so is a document that its aliases make into a tree of more values than any manifest has: a few
 * of them nested make one that no memory holds.
 */
final class Yaml {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_VALUES = 100_000;

    private Yaml() {}

    /**
     * Each document that is not empty.
     *
     * @throws YamlEngineException where the text is not YAML
     */
    static List<JsonNode> read(String text) {
        LoadSettings settings =
                LoadSettings.builder().setAllowDuplicateKeys(false).build();
        List<JsonNode> documents = new ArrayList<>();
        for (Object document : new Load(settings).loadAllFromString(text)) {
            if (document != null) {
                requireBounded(document);
                documents.add(JSON.valueToTree(document));
            }
        }
        return documents;
    }

    private static void requireBounded(Object document) {
        Deque<Object> waiting = new ArrayDeque<>();
        waiting.add(document);
        for (int values = 0; !waiting.isEmpty(); values++) {
            if (values + waiting.size() > MOST_VALUES) {
                throw new YamlEngineException("a document of more than " + MOST_VALUES + " values");
            }
            switch (waiting.pop()) {
                case Map<?, ?> mapping -> mapping.values().forEach(value -> add(waiting, value));
                case Collection<?> list -> list.forEach(value -> add(waiting, value));
                default -> {}
            }
        }
    }

    private static void add(Deque<Object> waiting, @Nullable Object value) {
        if (value != null) {
            waiting.push(value);
        }
    }
}
