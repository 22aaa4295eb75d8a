package dev.agentcontainers.nodeagent.image.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One folder of files that each say of an image, or of what somebody needs of one. Written whole or not at all. */
final class ImageRecords {
    private static final Logger LOG = LoggerFactory.getLogger(ImageRecords.class);
    private static final String DRAFT = ".draft";
    private static final String DAMAGED = ".damaged";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final String consequence;

    /** @param consequence of a damaged one, for people */
    ImageRecords(Path folder, String consequence) {
        this.folder = folder;
        this.consequence = consequence;
    }

    /** A file that was read and is not one of these. */
    static final class DamagedException extends IOException {
        private static final long serialVersionUID = 1L;

        DamagedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    Path folder() {
        return folder;
    }

    static String nameFor(ImageReference reference) {
        return Digest.of(reference.toString().getBytes(StandardCharsets.UTF_8)).hex();
    }

    List<String> names() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (!name.endsWith(DRAFT) && !name.endsWith(DAMAGED)) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    /** @throws DamagedException where one is damaged: nothing is to be taken for unused then */
    List<StoredImage> all() throws IOException {
        List<StoredImage> images = new ArrayList<>();
        for (String name : names()) {
            read(name).ifPresent(images::add);
        }
        return images;
    }

    /** Those that are not damaged. */
    List<StoredImage> readable() throws IOException {
        List<StoredImage> images = new ArrayList<>();
        for (String name : names()) {
            readable(name).ifPresent(images::add);
        }
        return images;
    }

    /** As {@link #read}; empty where it is damaged. */
    Optional<StoredImage> readable(String name) throws IOException {
        try {
            return read(name);
        } catch (DamagedException e) {
            return Optional.empty();
        }
    }

    /** Gives damaged ones another name, for whoever looks what has become of them. Not while somebody writes. */
    void setDamagedAside() throws IOException {
        for (String name : names()) {
            try {
                read(name);
            } catch (DamagedException e) {
                Files.move(
                        folder.resolve(name),
                        folder.resolve(name + DAMAGED),
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
                LOG.warn("{}; it is kept as {}", e.getMessage(), name + DAMAGED);
            }
        }
    }

    /** @throws DamagedException where the file is not one of these */
    Optional<StoredImage> read(String name) throws IOException {
        Path file = folder.resolve(name);
        try {
            JsonNode record = JSON.readTree(Files.readAllBytes(file));
            if (record.required("documents").isEmpty()) {
                throw new IllegalArgumentException("it has no documents");
            }
            return Optional.of(new StoredImage(
                    ImageReference.parse(record.required("reference").asText()),
                    Digest.parse(record.required("digest").asText()),
                    digests(record.required("documents")),
                    digests(record.required("layers")),
                    // Not in records of before there were signatures.
                    digests(record.path("proofs")),
                    record.required("compressedBytes").asLong(),
                    Instant.parse(record.required("pulledAt").asText()),
                    Instant.parse(record.required("usedAt").asText())));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (JsonProcessingException | RuntimeException e) {
            throw new DamagedException(file + " is damaged: " + consequence, e);
        }
    }

    private static List<Digest> digests(JsonNode array) {
        List<Digest> digests = new ArrayList<>();
        array.forEach(text -> digests.add(Digest.parse(text.asText())));
        return digests;
    }

    void write(String name, StoredImage image) throws IOException {
        byte[] record = JSON.writeValueAsBytes(Map.of(
                "reference", image.reference().toString(),
                "digest", image.digest().toString(),
                "documents", image.documents().stream().map(Digest::toString).toList(),
                "layers", image.layers().stream().map(Digest::toString).toList(),
                "proofs", image.proofs().stream().map(Digest::toString).toList(),
                "compressedBytes", image.compressedBytes(),
                "pulledAt", image.pulledAt().toString(),
                "usedAt", image.usedAt().toString()));
        Path draft = folder.resolve(name + DRAFT);
        Files.write(draft, record);
        try (FileChannel file = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            file.force(true);
        }
        Files.move(draft, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        BlobStore.force(folder);
    }

    boolean delete(String name) throws IOException {
        return Files.deleteIfExists(folder.resolve(name));
    }
}
