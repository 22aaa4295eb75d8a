package dev.agentcontainers.nodeagent.journal;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A journal of one JSON file per sandbox in a folder that only root reads. A file is written beside its place, forced to
 * the disk and renamed, so that a crash leaves the old or the new entry and nothing in between.
 */
public final class DiskJournal implements Journal {
    private static final Logger LOG = LoggerFactory.getLogger(DiskJournal.class);
    private static final int FORMAT = 1;
    private static final String SUFFIX = ".json";
    private static final String POLICY = "policy" + SUFFIX;

    private final Path folder;
    private final Path sandboxes;
    private final ObjectMapper json = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .addMixIn(Assignment.EnvironmentEntry.class, KindByName.class)
            .addMixIn(Mount.class, KindByName.class)
            .addMixIn(Probe.Handler.class, KindByName.class)
            .build();

    /** Sealed alternatives are told apart by the simple name of their record. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "kind")
    private interface KindByName {}

    /** The journal in that folder, which is made where it is missing. */
    public DiskJournal(Path folder) {
        this.folder = folder;
        this.sandboxes = folder.resolve("sandboxes");
        json.registerSubtypes(
                Assignment.EnvironmentEntry.Literal.class,
                Assignment.EnvironmentEntry.FromSecret.class,
                Assignment.EnvironmentEntry.FromConfigMap.class,
                Mount.Denied.class,
                Mount.Workspace.class,
                Mount.DiskDirectory.class,
                Mount.MemoryDirectory.class,
                Mount.RuntimeDirectory.class,
                Mount.HostDirectory.class,
                Mount.ImageFiles.class,
                Mount.ConfigMapFiles.class,
                Mount.SecretFiles.class,
                Probe.Handler.Exec.class,
                Probe.Handler.HttpGet.class,
                Probe.Handler.TcpSocket.class);
        try {
            Files.createDirectories(
                    sandboxes, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new JournalException("the journal's folder " + sandboxes + " can't be made", e);
        }
    }

    @Override
    public Map<SandboxId, JournalEntry> entries() {
        Map<SandboxId, JournalEntry> entries = new LinkedHashMap<>();
        try (Stream<Path> files = Files.list(sandboxes)) {
            for (Path file : files.filter(path -> path.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList()) {
                String name = file.getFileName().toString();
                String id = name.substring(0, name.length() - SUFFIX.length());
                read(file, JournalEntry.class)
                        .filter(entry -> entry.assignment().id().value().equals(id))
                        .ifPresent(entry -> entries.put(entry.assignment().id(), entry));
            }
        } catch (IOException e) {
            throw new JournalException("the journal in " + sandboxes + " can't be listed", e);
        }
        return entries;
    }

    @Override
    public Optional<JournalEntry> entry(SandboxId id) {
        return read(file(id), JournalEntry.class)
                .filter(entry -> entry.assignment().id().equals(id));
    }

    @Override
    public void write(SandboxId id, JournalEntry entry) {
        replace(sandboxes, id + SUFFIX, entry, true);
    }

    @Override
    public void note(SandboxId id, JournalEntry entry) {
        replace(sandboxes, id + SUFFIX, entry, false);
    }

    @Override
    public void delete(SandboxId id) {
        try {
            Files.deleteIfExists(file(id));
            Files.deleteIfExists(beside(sandboxes, id + SUFFIX));
            force(sandboxes);
        } catch (IOException e) {
            throw new JournalException("the journal's entry " + file(id) + " can't be deleted", e);
        }
    }

    @Override
    public Optional<PolicySnapshot> policy() {
        return read(folder.resolve(POLICY), PolicySnapshot.class);
    }

    @Override
    public void writePolicy(PolicySnapshot snapshot) {
        replace(folder, POLICY, snapshot, true);
    }

    private Path file(SandboxId id) {
        return sandboxes.resolve(id + SUFFIX);
    }

    /** Where a file is written before it takes its place. */
    private static Path beside(Path in, String name) {
        return in.resolve(name + ".new");
    }

    private <T> Optional<T> read(Path file, Class<T> type) {
        try {
            JsonNode tree = json.readTree(Files.readAllBytes(file));
            int format = tree.path("format").asInt();
            if (format != FORMAT) {
                LOG.error("{} has format {}, this version reads {}: it is left out", file, format, FORMAT);
                return Optional.empty();
            }
            return Optional.of(Objects.requireNonNull(json.treeToValue(tree.get("value"), type), "value"));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            LOG.error("{} can't be read and is left out", file, e);
            return Optional.empty();
        }
    }

    private void replace(Path in, String name, Object value, boolean force) {
        Path file = in.resolve(name);
        Path beside = beside(in, name);
        ObjectNode tree = json.createObjectNode();
        tree.put("format", FORMAT);
        tree.set("value", json.valueToTree(value));
        try (FileChannel channel = FileChannel.open(
                beside,
                EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes = ByteBuffer.wrap(json.writeValueAsBytes(tree));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            if (force) {
                channel.force(true);
            }
        } catch (IOException e) {
            throw new JournalException(beside + " can't be written", e);
        }
        try {
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
            if (force) {
                force(in);
            }
        } catch (IOException e) {
            throw new JournalException(file + " can't be replaced", e);
        }
    }

    /** A rename is on the disk only when its folder is (fsync(2)). */
    private static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
