package dev.agentcontainers.nodeagent.image.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A file in YAML by which an administrator says how registries are reached. Documented in docs/images.md. */
public final class RegistriesFile {
    private static final JsonMapper YAML = JsonMapper.builder(new YAMLFactory()).build();

    private static final String FIELDS =
            "it has mirrors (registry to list of hosts), plainHttp (list of hosts) and authoritiesFile (a path)";

    private RegistriesFile() {}

    private record Content(
            @Nullable Map<String, @Nullable List<@Nullable String>> mirrors,
            @Nullable List<@Nullable String> plainHttp,
            @Nullable String authoritiesFile) {}

    /** @throws IOException where it can't be read, naming the file and what is wrong in it */
    public static RegistrySettings read(Path file) throws IOException {
        Content content;
        try {
            JsonNode document = YAML.readTree(Files.readAllBytes(file));
            if (document.isMissingNode() || document.isNull()) {
                return RegistrySettings.DEFAULT;
            }
            content = YAML.treeToValue(document, Content.class);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": " + problem(e), e);
        }
        Map<String, List<String>> mirrors = new LinkedHashMap<>();
        for (Map.Entry<String, @Nullable List<@Nullable String>> mirror :
                Optional.ofNullable(content.mirrors()).orElse(Map.of()).entrySet()) {
            mirrors.put(mirror.getKey(), hosts(file, "mirrors." + mirror.getKey(), mirror.getValue()));
        }
        return new RegistrySettings(
                mirrors,
                Set.copyOf(hosts(file, "plainHttp", content.plainHttp())),
                Optional.ofNullable(content.authoritiesFile()).map(Path::of),
                RegistrySettings.DEFAULT.patience());
    }

    private static List<String> hosts(Path file, String field, @Nullable List<@Nullable String> given)
            throws IOException {
        List<String> hosts = new ArrayList<>();
        for (String host : given == null ? List.<@Nullable String>of() : given) {
            if (host == null) {
                throw new IOException(file + ": '" + field + "': an entry is empty; " + FIELDS);
            }
            hosts.add(host);
        }
        return hosts;
    }

    private static String problem(JsonProcessingException e) {
        String field = e instanceof JsonMappingException mapping
                ? mapping.getPath().stream()
                        .map(JsonMappingException.Reference::getFieldName)
                        .collect(Collectors.joining("."))
                : "";
        return (field.isEmpty() ? "" : "'" + field + "': ")
                + e.getOriginalMessage().lines().findFirst().orElse("it can't be read")
                + "; " + FIELDS;
    }
}
