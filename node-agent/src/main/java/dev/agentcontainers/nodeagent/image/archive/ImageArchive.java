package dev.agentcontainers.nodeagent.image.archive;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The images of an OCI layout or of a {@code docker save} archive. Of the latter's older form, which has no manifests,
 * manifests are made. Source: OCI image specification 1.1, image-layout.md; github.com/moby/docker-image-spec.
 */
public final class ImageArchive {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String CONFIGURATION = "application/vnd.oci.image.config.v1+json";
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ArchiveParts parts;
    private final List<Image> images = new ArrayList<>();

    /** Manifests that are not in the archive, and where content is that is not at its digest's place. */
    private final Map<Digest, byte[]> made = new HashMap<>();

    private final Map<Digest, ArchiveParts.Part> placed = new HashMap<>();

    /**
     * An image in the archive.
     *
     * @param reference what it is called there; empty where it has no complete name
     */
    public record Image(Optional<ImageReference> reference, Digest digest) {}

    private ImageArchive(ArchiveParts parts) {
        this.parts = parts;
    }

    /** An OCI layout that is a directory. */
    public static ImageArchive ofDirectory(Path directory) throws IOException {
        ImageArchive archive = new ImageArchive(new ArchiveParts.OfDirectory(directory));
        archive.read(directory.toString());
        return archive;
    }

    /**
     * A tar archive of a layout, or of {@code docker save}.
     *
     * @param what names it in messages
     * @param content not compressed; read and not closed
     * @param scratch an empty directory with room for it, which is needed as long as the images are
     * @param mostBytes that are taken out of it
     */
    public static ImageArchive ofArchive(String what, InputStream content, Path scratch, long mostBytes)
            throws IOException {
        ImageArchive archive = new ImageArchive(ArchiveParts.OfArchive.read(content, scratch, mostBytes));
        archive.read(what);
        return archive;
    }

    public List<Image> images() {
        return List.copyOf(images);
    }

    private void read(String what) throws IOException {
        Optional<byte[]> index = parts.document("index.json");
        Optional<byte[]> saved = parts.document("manifest.json");
        try {
            if (index.isPresent()) {
                readIndex(JSON.readTree(index.get()));
            } else if (saved.isPresent()) {
                readSaved(JSON.readTree(saved.get()));
            } else {
                throw new ImageException(
                        Kind.UNUSABLE,
                        what + " has neither index.json nor manifest.json: it is neither an OCI layout nor written by"
                                + " 'docker save'");
            }
        } catch (JsonProcessingException e) {
            // Nothing is quoted, here and below: whoever made it may not be let read what it leads to.
            throw damaged(what, index, "is not JSON");
        } catch (IllegalArgumentException e) {
            throw damaged(what, index, "has a digest or a name of an image that is none");
        }
    }

    private static ImageException damaged(String what, Optional<byte[]> index, String problem) {
        return new ImageException(
                Kind.UNUSABLE,
                what + " is damaged: its " + (index.isPresent() ? "index.json " : "manifest.json ") + problem);
    }

    private void readIndex(JsonNode index) {
        for (JsonNode manifest : index.path("manifests")) {
            JsonNode annotations = manifest.path("annotations");
            String name = annotations.path("io.containerd.image.name").asText("");
            String reference =
                    annotations.path("org.opencontainers.image.ref.name").asText("");
            // The specification's annotation often holds nothing but a tag.
            Optional<ImageReference> known = reference(name)
                    .or(() -> reference.contains("/") || reference.contains(":")
                            ? reference(reference)
                            : Optional.empty());
            images.add(new Image(known, Digest.parse(manifest.path("digest").asText(""))));
        }
    }

    private static Optional<ImageReference> reference(String text) {
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(ImageReference.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private void readSaved(JsonNode saved) throws IOException {
        for (JsonNode image : saved) {
            ContentDescriptor configuration =
                    place(CONFIGURATION, image.path("Config").asText(""));
            List<Object> layers = new ArrayList<>();
            for (JsonNode layer : image.path("Layers")) {
                layers.add(described(place(LAYER, layer.asText(""))));
            }
            byte[] manifest = JSON.writeValueAsBytes(Map.of(
                    "schemaVersion", 2, "mediaType", MANIFEST, "config", described(configuration), "layers", layers));
            Digest digest = Digest.of(manifest);
            made.put(digest, manifest);
            List<ImageReference> names = new ArrayList<>();
            image.path("RepoTags").forEach(tag -> names.add(ImageReference.parse(tag.asText(""))));
            names.forEach(name -> images.add(new Image(Optional.of(name), digest)));
            if (names.isEmpty()) {
                images.add(new Image(Optional.empty(), digest));
            }
        }
    }

    private static Map<String, Object> described(ContentDescriptor content) {
        return Map.of(
                "mediaType", content.mediaType(),
                "digest", content.digest().toString(),
                "size", content.size());
    }

    private ContentDescriptor place(String mediaType, String name) throws IOException {
        ArchiveParts.Part file = parts.file(name)
                .orElseThrow(() -> new ImageException(
                        Kind.CORRUPT,
                        "the archive's manifest.json names '" + ArchiveParts.shown(name) + "', which is not in it"));
        MessageDigest hash = Digest.Algorithm.SHA256.begin();
        long size = 0;
        try (SeekableByteChannel channel = file.open();
                InputStream content = Channels.newInputStream(channel)) {
            byte[] piece = new byte[64 << 10];
            for (int count = content.read(piece); count >= 0; count = content.read(piece)) {
                hash.update(piece, 0, count);
                size += count;
            }
        }
        Digest digest = Digest.ended(Digest.Algorithm.SHA256, hash, new byte[0]);
        placed.put(digest, file);
        return new ContentDescriptor(mediaType, digest, size);
    }

    /** One image's content: what is asked for by anything else than a digest is that image. */
    public ImageSource source(Image image) {
        return new ImageSource() {
            @Override
            public GivenManifest manifest(String wanted) throws IOException {
                Digest digest = wanted.contains(":") ? Digest.parse(wanted) : image.digest();
                byte[] content = made.get(digest);
                if (content == null) {
                    content = parts.document(nameOf(digest)).orElseThrow(() -> missing(digest));
                }
                return new GivenManifest(content, Optional.empty());
            }

            @Override
            public GivenContent content(ContentDescriptor wanted, long offset) throws IOException {
                ArchiveParts.Part file = placed.get(wanted.digest());
                if (file == null) {
                    file = parts.file(nameOf(wanted.digest())).orElseThrow(() -> missing(wanted.digest()));
                }
                SeekableByteChannel channel = file.open();
                try {
                    if (channel.size() != wanted.size()) {
                        throw new ImageException(
                                Kind.CORRUPT,
                                wanted.digest() + " has " + channel.size() + " bytes in the archive and "
                                        + wanted.size() + " by its manifest");
                    }
                    return new GivenContent(Channels.newInputStream(channel.position(offset)), offset);
                } catch (IOException e) {
                    channel.close();
                    throw e;
                }
            }
        };
    }

    private static String nameOf(Digest digest) {
        return "blobs/" + digest.algorithm() + "/" + digest.hex();
    }

    private static ImageException missing(Digest digest) {
        return new ImageException(Kind.NOT_FOUND, "the archive does not hold " + digest);
    }
}
