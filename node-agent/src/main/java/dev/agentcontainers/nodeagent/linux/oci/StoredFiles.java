package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.linux.identity.IdRanges;
import dev.agentcontainers.nodeagent.linux.image.LayerCalls;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.namespace.Uninterrupted;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.snapshot.NoRoomException;
import dev.agentcontainers.nodeagent.linux.snapshot.SnapshotException;
import dev.agentcontainers.nodeagent.linux.snapshot.SnapshotUnpacker;
import dev.agentcontainers.nodeagent.linux.snapshot.SnapshotUnpacker.Place;
import dev.agentcontainers.nodeagent.linux.snapshot.SnapshotWriter;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.linux.storage.Replacement;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Division;
import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import dev.agentcontainers.nodeagent.linux.storage.StorageLimit;
import dev.agentcontainers.nodeagent.linux.storage.WorkspaceStore;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.FutureTask;

/**
 * What sandboxes have on the disk, while nothing of them runs. What an agent has changed of its image's root is not among it: no
 * other run of the agent sees that either.
 */
final class StoredFiles implements KeptFiles {
    private final OciDriver driver;
    private final OciSettings settings;
    private final Mounts mounts;
    private final IdRanges ids;

    StoredFiles(OciDriver driver, OciSettings settings, Mounts mounts, IdRanges ids) {
        this.driver = driver;
        this.settings = settings;
        this.mounts = mounts;
        this.ids = ids;
    }

    @Override
    public Contents save(SandboxSpec spec, Origin origin, OutputStream archive) throws SandboxException, IOException {
        driver.prepare(spec);
        try (OpenedStorage storage = open(spec)) {
            SortedMap<String, Path> places = new TreeMap<>();
            for (String path : paths(spec)) {
                Path place = storage.opened().of(path);
                // Made when it is mounted first: what has never run has nothing.
                if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
                    places.put(path, place);
                }
            }
            return new SnapshotWriter(ids.of(spec.id().value())).write(origin, places, archive);
        } catch (SnapshotException | SystemCallException e) {
            throw new SandboxException(
                    Step.SAVE, Kind.TRANSIENT, "the agent's files can't be saved: " + e.getMessage(), e);
        }
    }

    @Override
    public Contents restore(SandboxSpec spec, InputStream archive) throws SandboxException {
        driver.prepare(spec);
        try (OpenedStorage storage = open(spec)) {
            // The next run would throw it away, and until then it would take the room that files need.
            DeepDeletion.delete(WorkspaceStore.rootChanges(storage.opened().shared()));
            Replacement replacement = driver.allocation(spec).storage().replacement();
            Contents contents = unpack(spec, storage.opened(), replacement, archive);
            decide(storage.opened(), replacement);
            return contents;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private Contents unpack(SandboxSpec spec, Opened opened, Replacement replacement, InputStream archive)
            throws IOException, SandboxException {
        boolean whole = false;
        try {
            Set<String> paths = paths(spec);
            Division division = driver.allocation(spec).division();
            Contents contents = new SnapshotUnpacker(
                            ids.of(spec.id().value()),
                            path -> paths.contains(path)
                                    ? Optional.of(new Place(
                                            replacement.fresh(opened, path),
                                            isReserved(division, path)
                                                    ? Optional.empty()
                                                    : Optional.of(settings.stateDirectory())))
                                    : Optional.empty())
                    .unpack(archive);
            whole = true;
            return contents;
        } finally {
            if (!whole) {
                // An interrupt ends what is unpacked, not this.
                boolean interrupted = Thread.interrupted();
                replacement.abandon(opened);
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private static void decide(Opened opened, Replacement replacement) throws SandboxException {
        // On a thread that nobody interrupts: a channel that an interrupted one uses is closed.
        FutureTask<Boolean> decision = new FutureTask<>(() -> {
            replacement.decide(opened);
            return true;
        });
        Thread.ofPlatform().name("snapshot").start(decision);
        try {
            Uninterrupted.await(decision);
        } catch (IOException e) {
            throw new SandboxException(
                    Step.RESTORE,
                    Kind.TRANSIENT,
                    "the snapshot is unpacked, but putting its files in place failed: " + e.getMessage()
                            + "; the agent's next start has all of them, or all that it had: restore it again",
                    e);
        }
    }

    /** Whether what is written there takes nothing of the disk that others could have. */
    private static boolean isReserved(Division division, String path) {
        return division.parts().containsKey(path)
                || division.shared().filter(StorageLimit::reserved).isPresent();
    }

    private static SandboxException failed(IOException cause) {
        String kept = "; the agent's files are as they were";
        return switch (cause) {
            case ImageException e -> new SandboxException(Step.RESTORE, Kind.INVALID_SPEC, e.getMessage() + kept, e);
            case SnapshotException e -> new SandboxException(Step.RESTORE, Kind.INVALID_SPEC, e.getMessage() + kept, e);
            case SystemCallException e
            when e.errno() == LayerCalls.ENOSPC || e.errno() == LayerCalls.EDQUOT ->
                new SandboxException(
                        Step.RESTORE,
                        Kind.TRANSIENT,
                        "the agent's disk (" + StorageDivision.FIELD + ", sizeLimit of emptyDirs) has no room for the"
                                + " snapshot beside the files that it has" + kept,
                        e);
            case NoRoomException e ->
                new SandboxException(
                        Step.RESTORE, Kind.TRANSIENT, "there is no room for it: " + e.getMessage() + kept, e);
            default ->
                new SandboxException(
                        Step.RESTORE, Kind.TRANSIENT, "restoring failed: " + cause.getMessage() + kept, cause);
        };
    }

    private static Set<String> paths(SandboxSpec spec) {
        Set<String> paths = new TreeSet<>();
        for (ResolvedMount mount : spec.mounts()) {
            switch (mount) {
                case ResolvedMount.Workspace workspace -> paths.add(workspace.path());
                case ResolvedMount.DiskDirectory directory -> paths.add(directory.path());
                case ResolvedMount.MemoryDirectory _,
                        ResolvedMount.RuntimeDirectory _,
                        ResolvedMount.HostDirectory _,
                        ResolvedMount.ImageFiles _,
                        ResolvedMount.Files _,
                        ResolvedMount.Denied _ -> {}
            }
        }
        return paths;
    }

    private OpenedStorage open(SandboxSpec spec) throws SandboxException {
        try {
            return OpenedStorage.open(mounts, new SandboxFiles(settings, spec.id()), driver.allocation(spec));
        } catch (IOException e) {
            throw new SandboxException(
                    Step.PREPARE, Kind.TRANSIENT, "the agent's disk can't be opened: " + e.getMessage(), e);
        }
    }
}
