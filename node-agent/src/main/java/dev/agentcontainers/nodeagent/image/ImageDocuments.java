package dev.agentcontainers.nodeagent.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the JSON documents of images, which strangers wrote. What is not needed is not looked at; what is needed and is
 * not as the specification has it is refused.
 */
public final class ImageDocuments {
    /** Bytes of a manifest or a configuration; the specification asks registries to take manifests up to 4 MiB. */
    public static final int LARGEST = 4 << 20;

    /** As many as an overlay filesystem of this project is made of at most. */
    static final int MOST_LAYERS = 128;

    private static final int MOST_MANIFESTS = 1024;
    private static final int MOST_WORDS = 1024;
    private static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    private static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    private static final Set<String> INDEXES = Set.of(OCI_INDEX, DOCKER_LIST);
    private static final Set<String> MANIFESTS = Set.of(OCI_MANIFEST, DOCKER_MANIFEST);
    private static final Set<String> LAYERS = Set.of(
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd");
    private static final ObjectMapper JSON = new ObjectMapper();

    private ImageDocuments() {}

    /** What to ask registries for, the preferred first. */
    public static List<String> manifestTypes() {
        return List.of(OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST);
    }

    /** @param declared what the registry or the index says that it is, where it says so */
    public static Manifest manifest(byte[] content, Optional<String> declared) throws ImageException {
        JsonNode document = object(content, "the manifest");
        boolean lists = document.has("manifests");
        boolean layered = document.has("layers") || document.has("config");
        if (lists == layered) {
            // With both, two readers could take the same content for different images (CVE-2021-41190).
            throw unusable(
                    lists
                            ? "the manifest is an index and an image at once"
                            : "the manifest has neither 'manifests' nor 'layers': only OCI images and those of Docker's"
                                    + " version 2, schema 2 can be used");
        }
        Set<String> types = lists ? INDEXES : MANIFESTS;
        String own = document.path("mediaType").asText("");
        for (String type : own.isEmpty() ? declared.stream().toList() : List.of(own, declared.orElse(own))) {
            if (!types.contains(type)) {
                throw unusable("the manifest is called '" + shortened(type) + "' and reads as "
                        + (lists ? "an index" : "an image") + ", which is one of " + types);
            }
        }
        return lists ? index(document) : image(document);
    }

    private static Manifest.Index index(JsonNode document) throws ImageException {
        List<ContentDescriptor> manifests = new ArrayList<>();
        for (JsonNode entry : array(document, "manifests", MOST_MANIFESTS)) {
            String type = entry.path("mediaType").asText("");
            if (INDEXES.contains(type) || MANIFESTS.contains(type)) {
                manifests.add(descriptor(entry, "manifests"));
            }
        }
        return new Manifest.Index(manifests);
    }

    private static Manifest.Image image(JsonNode document) throws ImageException {
        List<ContentDescriptor> layers = new ArrayList<>();
        for (JsonNode entry : array(document, "layers", MOST_LAYERS)) {
            ContentDescriptor layer = descriptor(entry, "layers");
            if (!LAYERS.contains(layer.mediaType())) {
                throw unusable("the layer " + layer.digest() + " is of the media type '" + shortened(layer.mediaType())
                        + "'; one of " + LAYERS + " can be unpacked");
            }
            layers.add(layer);
        }
        ContentDescriptor configuration = descriptor(document.path("config"), "config");
        if (configuration.size() > LARGEST) {
            throw unusable("the image's configuration is of " + configuration.size() + " bytes; at most " + LARGEST
                    + " are read");
        }
        return new Manifest.Image(configuration, layers);
    }

    private static ContentDescriptor descriptor(JsonNode node, String field) throws ImageException {
        try {
            JsonNode given = node.path("size");
            long size = given.isIntegralNumber() && given.canConvertToLong() ? given.asLong() : -1;
            if (size < 0) {
                throw unusable("the manifest's '" + field + "' has an entry without a size");
            }
            JsonNode platform = node.path("platform");
            return new ContentDescriptor(
                    node.path("mediaType").asText(""),
                    Digest.parse(node.path("digest").asText("")),
                    size,
                    platform.isObject() ? Optional.of(platform(platform)) : Optional.empty());
        } catch (IllegalArgumentException e) {
            throw new ImageException(
                    Kind.UNUSABLE, "the manifest's '" + field + "' has an unusable entry: " + e.getMessage(), e);
        }
    }

    private static ImagePlatform platform(JsonNode node) {
        return new ImagePlatform(
                shortened(node.path("os").asText("")),
                shortened(node.path("architecture").asText("")),
                shortened(node.path("variant").asText("")));
    }

    /** Source: OCI image specification 1.1, config.md. */
    public static ImageConfiguration configuration(byte[] content) throws ImageException {
        JsonNode document = object(content, "the image's configuration");
        JsonNode files = document.path("rootfs");
        if (!files.path("type").asText("").equals("layers")) {
            throw unusable("the image's configuration has no 'rootfs' of type 'layers'");
        }
        List<Digest> layers = new ArrayList<>();
        for (JsonNode layer : array(files, "diff_ids", MOST_LAYERS)) {
            try {
                layers.add(Digest.parse(layer.asText("")));
            } catch (IllegalArgumentException e) {
                throw new ImageException(
                        Kind.UNUSABLE, "the image's configuration has unusable 'diff_ids': " + e.getMessage(), e);
            }
        }
        JsonNode run = document.path("config");
        return new ImageConfiguration(
                platform(document),
                layers,
                words(run, "Entrypoint"),
                words(run, "Cmd"),
                words(run, "Env"),
                run.path("WorkingDir").asText(""),
                run.path("User").asText(""));
    }

    private static List<String> words(JsonNode run, String field) throws ImageException {
        if (!run.hasNonNull(field)) {
            return List.of();
        }
        List<String> words = new ArrayList<>();
        for (JsonNode word : array(run, field, MOST_WORDS)) {
            if (!word.isTextual() || word.asText().indexOf('\0') >= 0) {
                throw unusable("the image's configuration has '" + field + "' with something else than text");
            }
            words.add(word.asText());
        }
        return words;
    }

    private static JsonNode array(JsonNode document, String field, int most) throws ImageException {
        JsonNode array = document.path(field);
        if (!array.isArray()) {
            throw unusable("'" + field + "' is not a list");
        }
        if (array.size() > most) {
            throw unusable("'" + field + "' has " + array.size() + " entries; at most " + most + " are taken");
        }
        return array;
    }

    private static JsonNode object(byte[] content, String what) throws ImageException {
        if (content.length > LARGEST) {
            throw unusable(what + " is of " + content.length + " bytes; at most " + LARGEST + " are read");
        }
        try {
            JsonNode document = JSON.readTree(content);
            if (document != null && document.isObject()) {
                return document;
            }
        } catch (IOException e) {
            throw new ImageException(Kind.UNUSABLE, what + " is not JSON", e);
        }
        throw unusable(what + " is not a JSON object");
    }

    private static String shortened(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    private static ImageException unusable(String message) {
        return new ImageException(Kind.UNUSABLE, message);
    }
}
