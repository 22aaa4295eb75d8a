package dev.agentcontainers.nodeagent.enrolment;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.Pem;
import dev.agentcontainers.protocol.ProtocolException;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.PrivateKey;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * A node's identity on disk, readable by its owner only: the key in one file, written once, what was granted in another,
 * replaced as a whole.
 */
public final class IdentityFiles {
    private static final String KEY = "node.key";
    private static final String GRANT = "grant.json";

    private final Path folder;

    /** @param folder made where it is not there */
    public IdentityFiles(Path folder) {
        this.folder = folder;
    }

    private record Saved(String gateway, NodeGrant grant) {}

    /** Empty where this machine has not enrolled. */
    public Optional<NodeIdentity> load() throws IOException {
        Path file = folder.resolve(GRANT);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Saved saved = Json.parse(Files.readString(file), Saved.class);
            PrivateKey key =
                    key().orElseThrow(() -> new IOException(folder.resolve(KEY) + " is missing: enrol this node anew"));
            return Optional.of(new NodeIdentity(URI.create(saved.gateway()), key, saved.grant()));
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is damaged: enrol this node anew", e);
        }
    }

    /** The key, where there is one: it stays the same when the node enrols anew, and proves that it is the same. */
    Optional<PrivateKey> key() throws IOException {
        Path file = folder.resolve(KEY);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Pem.privateKey(Files.readString(file)));
        } catch (ProtocolException e) {
            throw new IOException(file + " is damaged (" + e.getMessage() + "): remove it and enrol this node anew", e);
        }
    }

    void saveKey(PrivateKey key) throws IOException {
        write(KEY, Pem.encode(key));
    }

    void save(NodeIdentity identity) throws IOException {
        write(GRANT, Json.text(new Saved(identity.gateway().toString(), identity.grant())));
    }

    private void write(String name, String text) throws IOException {
        Files.createDirectories(folder, ownerOnly("rwx------"));
        Path temporary = folder.resolve(name + ".new");
        Files.deleteIfExists(temporary);
        try (FileChannel channel = FileChannel.open(
                temporary,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                ownerOnly("rw-------"))) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        try {
            Files.move(temporary, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** On Windows the folder's inherited access list must do: the service's folder is for administrators only. */
    private static FileAttribute<?>[] ownerOnly(String permissions) {
        Set<String> views = FileSystems.getDefault().supportedFileAttributeViews();
        return views.contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
