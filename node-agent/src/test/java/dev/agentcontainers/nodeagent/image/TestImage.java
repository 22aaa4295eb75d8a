package dev.agentcontainers.nodeagent.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** An image in memory, with an index over it. */
public final class TestImage implements ImageSource {
    public static final ImagePlatform PLATFORM = new ImagePlatform("linux", "amd64", "");
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Everything that the image consists of, as a registry would have it. */
    public final Map<Digest, byte[]> content = new LinkedHashMap<>();

    private final List<Object> layers = new ArrayList<>();
    private final List<String> differences = new ArrayList<>();
    private Map<String, Object> run = Map.of("Cmd", List.of("/bin/true"));
    private Digest manifest = Digest.of(new byte[0]);
    private Digest index = manifest;

    /** @param received the layer as it is transferred */
    public TestImage layer(byte[] tar, byte[] received) {
        return layer(Digest.of(tar), received);
    }

    public TestImage layer(Digest unpacked, byte[] received) {
        differences.add(unpacked.toString());
        layers.add(described(LAYER, received));
        return this;
    }

    public TestImage running(Map<String, Object> configuration) {
        run = configuration;
        return this;
    }

    public TestImage built() {
        byte[] configuration = json(Map.of(
                "os",
                "linux",
                "architecture",
                "amd64",
                "config",
                run,
                "rootfs",
                Map.of("type", "layers", "diff_ids", differences)));
        byte[] document = json(Map.of(
                "schemaVersion",
                2,
                "mediaType",
                ImageDocuments.manifestTypes().get(1),
                "config",
                described("application/vnd.oci.image.config.v1+json", configuration),
                "layers",
                layers));
        manifest = put(document);
        Map<String, Object> own =
                new LinkedHashMap<>(described(ImageDocuments.manifestTypes().get(1), document));
        own.put("platform", Map.of("os", "linux", "architecture", "amd64"));
        Map<String, Object> other = new LinkedHashMap<>(
                described(ImageDocuments.manifestTypes().get(1), "other".getBytes(StandardCharsets.UTF_8)));
        other.put("platform", Map.of("os", "linux", "architecture", "s390x"));
        index = put(json(Map.of(
                "schemaVersion", 2,
                "mediaType", ImageDocuments.manifestTypes().getFirst(),
                "manifests", List.of(other, own))));
        return this;
    }

    private Map<String, Object> described(String mediaType, byte[] document) {
        return Map.of("mediaType", mediaType, "digest", put(document).toString(), "size", document.length);
    }

    private Digest put(byte[] document) {
        Digest digest = Digest.of(document);
        content.put(digest, document);
        return digest;
    }

    private static byte[] json(Object value) {
        try {
            return JSON.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    public byte[] bytes(Digest digest) {
        return Objects.requireNonNull(content.get(digest), "no content " + digest);
    }

    public Digest manifest() {
        return manifest;
    }

    public Digest index() {
        return index;
    }

    /** By a digest; a tag stands for the index. */
    @Override
    public GivenManifest manifest(String wanted) {
        Digest digest = wanted.contains(":") ? Digest.parse(wanted) : index;
        return new GivenManifest(content.getOrDefault(digest, new byte[0]), Optional.empty());
    }

    @Override
    public GivenContent content(ContentDescriptor wanted, long offset) {
        byte[] bytes = content.getOrDefault(wanted.digest(), new byte[0]);
        return new GivenContent(new ByteArrayInputStream(bytes, (int) offset, bytes.length - (int) offset), offset);
    }
}
