package dev.agentcontainers.cli.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.image.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** An image of one layer, whole and in memory, for the machine that the test is on. */
public final class SmallImage {
    public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Layer and configuration, by digest. */
    public final Map<Digest, byte[]> blobs = new LinkedHashMap<>();

    public final byte[] manifest;
    private final byte[] layer;
    private final byte[] configuration;

    /** Of one file. */
    SmallImage(String fileContent) {
        this(tar(Map.of("hello", fileContent.getBytes(UTF_8))), Map.of("Cmd", List.of("/hello")));
    }

    /**
     * @param tar the layer, as it is unpacked
     * @param running what the configuration says of what is run
     */
    public SmallImage(byte[] tar, Map<String, Object> running) {
        layer = gzip(tar);
        configuration = json(Map.of(
                "os",
                "linux",
                "architecture",
                System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64",
                "config",
                running,
                "rootfs",
                Map.of("type", "layers", "diff_ids", List.of(Digest.of(tar).toString()))));
        manifest = json(Map.of(
                "schemaVersion",
                2,
                "mediaType",
                MANIFEST,
                "config",
                described("application/vnd.oci.image.config.v1+json", configuration),
                "layers",
                List.of(described("application/vnd.oci.image.layer.v1.tar+gzip", layer))));
    }

    public Digest digest() {
        return Digest.of(manifest);
    }

    /** As an OCI layout; without a name where that is empty. */
    Map<String, byte[]> layout(String name) {
        Map<String, Object> entry = new LinkedHashMap<>(
                Map.of("mediaType", MANIFEST, "digest", digest().toString(), "size", manifest.length));
        if (!name.isEmpty()) {
            entry.put("annotations", Map.of("org.opencontainers.image.ref.name", name));
        }
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("oci-layout", json(Map.of("imageLayoutVersion", "1.0.0")));
        files.put("index.json", json(Map.of("schemaVersion", 2, "manifests", List.of(entry))));
        blobs.forEach((digest, content) -> files.put("blobs/sha256/" + digest.hex(), content));
        files.put("blobs/sha256/" + digest().hex(), manifest);
        return files;
    }

    /** As {@code docker save} wrote it before it knew of layouts. */
    Map<String, byte[]> saved(String name) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("config.json", configuration);
        files.put("1/layer.tar", layer);
        files.put(
                "manifest.json",
                json(List.of(
                        Map.of("Config", "config.json", "RepoTags", List.of(name), "Layers", List.of("1/layer.tar")))));
        return files;
    }

    static Path write(Map<String, byte[]> files, Path directory) {
        try {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Path target = directory.resolve(file.getKey());
                Files.createDirectories(target.getParent());
                Files.write(target, file.getValue());
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] tar(Map<String, byte[]> files) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey());
                entry.setSize(file.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static byte[] gzip(byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private Map<String, Object> described(String mediaType, byte[] document) {
        blobs.put(Digest.of(document), document);
        return Map.of("mediaType", mediaType, "digest", Digest.of(document).toString(), "size", document.length);
    }

    private static byte[] json(Object value) {
        try {
            return JSON.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
