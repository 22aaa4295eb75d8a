package dev.agentcontainers.assignment.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads YAML 1.2 as trees, with the reader that the Kubernetes client has. A key that stands twice in one mapping is an
 * error, as for kubectl, and so is an alias of a list or a mapping: a few of those nested make a tree that no memory holds.
 */
final class Yaml {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Yaml() {}

    /**
     * Each document that is not empty.
     *
     * @throws YamlEngineException where the text is not YAML
     */
    static List<JsonNode> read(String text) {
        LoadSettings settings = LoadSettings.builder()
                .setAllowDuplicateKeys(false)
                .setMaxAliasesForCollections(0)
                .build();
        List<JsonNode> documents = new ArrayList<>();
        for (Object document : new Load(settings).loadAllFromString(text)) {
            if (document != null) {
                documents.add(JSON.valueToTree(document));
            }
        }
        return documents;
    }
}
