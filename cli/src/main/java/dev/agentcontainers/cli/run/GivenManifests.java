package dev.agentcontainers.cli.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.util.StringQuotingChecker;
import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.ManifestReader;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The manifests of a run as text, each with what messages call it.
 *
 * @param namespace of objects that name none
 */
record GivenManifests(String namespace, List<Text> texts) {
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .stringQuotingChecker(new PlainWords())
            .build());

    /** Leaves out quotes only where no reader of any version of YAML can take the text for something else. */
    private static final class PlainWords extends StringQuotingChecker {
        private static final long serialVersionUID = 1L;
        private static final Pattern PLAIN = Pattern.compile("[A-Za-z/][-A-Za-z0-9_./]*");

        @Override
        public boolean needToQuoteName(String name) {
            return needToQuoteValue(name);
        }

        @Override
        public boolean needToQuoteValue(String value) {
            return !PLAIN.matcher(value).matches() || isReservedKeyword(value);
        }
    }

    /** One or more YAML documents; JSON is YAML too. */
    record Text(String origin, String yaml) {}

    static GivenManifests ofFiles(String namespace, List<String> files, InputStream standardInput) {
        List<Text> texts = new ArrayList<>();
        for (String file : files) {
            texts.add(new Text(file.equals("-") ? "standard input" : file, read(file, standardInput)));
        }
        return new GivenManifests(namespace, texts);
    }

    static GivenManifests ofObjects(String namespace, List<ObjectNode> objects) {
        return new GivenManifests(namespace, List.of(new Text("the flags", yaml(objects))));
    }

    private static String yaml(List<ObjectNode> objects) {
        StringBuilder all = new StringBuilder();
        try {
            for (ObjectNode object : objects) {
                all.append(YAML.writeValueAsString(object));
            }
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
        return all.toString();
    }

    private static String read(String file, InputStream standardInput) {
        try {
            return file.equals("-")
                    ? new String(standardInput.readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(Path.of(file));
        } catch (NoSuchFileException e) {
            throw new UserException("-f %s: there is no such file".formatted(file), 2);
        } catch (IOException e) {
            throw new UserException("-f %s: can't be read: %s".formatted(file, e.getMessage()), 2);
        }
    }

    /** What they hold, checked. */
    RunObjects objects() {
        ManifestReader reader = new ManifestReader(namespace);
        try {
            for (Text text : texts) {
                reader.read(text.origin(), text.yaml());
            }
            return reader.objects();
        } catch (InvalidManifestException e) {
            throw new UserException(String.valueOf(e.getMessage()), 2);
        }
    }
}
