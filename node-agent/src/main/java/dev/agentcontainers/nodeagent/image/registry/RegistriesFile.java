package dev.agentcontainers.nodeagent.image.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private RegistriesFile() {}

    private record Content(
            @Nullable Map<String, List<String>> mirrors,
            @Nullable List<String> plainHttp,
            @Nullable String authoritiesFile) {}

    /** @throws IOException where it can't be read, naming the file and what is wrong in it */
    public static RegistrySettings read(Path file) throws IOException {
        Content content;
        try {
            content = YAML.readValue(Files.readAllBytes(file), Content.class);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": " + problem(e), e);
        }
        if (content == null) {
            return RegistrySettings.DEFAULT;
        }
        Map<String, List<String>> mirrors = new LinkedHashMap<>();
        Optional.ofNullable(content.mirrors())
                .orElse(Map.of())
                .forEach((registry, hosts) -> mirrors.put(registry, hosts == null ? List.of() : List.copyOf(hosts)));
        return new RegistrySettings(
                mirrors,
                Set.copyOf(Optional.ofNullable(content.plainHttp()).orElse(List.of())),
                Optional.ofNullable(content.authoritiesFile()).map(Path::of),
                RegistrySettings.DEFAULT.patience());
    }

    private static String problem(JsonProcessingException e) {
        String field = e instanceof JsonMappingException mapping
                ? mapping.getPath().stream()
                        .map(JsonMappingException.Reference::getFieldName)
                        .collect(Collectors.joining("."))
                : "";
        return (field.isEmpty() ? "" : "'" + field + "': ")
                + e.getOriginalMessage().lines().findFirst().orElse("it can't be read")
                + "; it has mirrors (registry to list of hosts), plainHttp (list of hosts) and authoritiesFile (a path)";
    }
}
