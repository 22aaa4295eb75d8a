package dev.agentcontainers.nodeagent.linux.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What one sandbox has of the disk: a store that its writable places share, and one for each place that has a part of its
 * own. No part can take anything from another.
 */
public final class SandboxStorage {
    private static final String SHARED = "shared";
    private static final String PART = "part";

    private final Path parts;
    private final Replacement replacement;
    private final WorkspaceStore shared;
    private final Function<Path, WorkspaceStore> stores;

    /**
     * @param directory of the sandbox
     * @param stores of a directory
     */
    public SandboxStorage(Path directory, Function<Path, WorkspaceStore> stores) {
        this.parts = directory.resolve("parts");
        this.replacement = new Replacement(directory);
        this.shared = stores.apply(directory);
        this.stores = stores;
    }

    /**
     * How the disk's part of a sandbox is divided.
     *
     * @param shared by all places that have no part of their own; empty for no limit
     * @param parts limits of the others by the paths at which manifests mount them
     */
    public record Division(Optional<StorageLimit> shared, Map<String, StorageLimit> parts) {
        public Division {
            parts = Map.copyOf(parts);
        }
    }

    /** The limits of all of it together; empty where nothing has a limit. */
    public OptionalLong limit() throws IOException {
        long sum = shared.limit().orElse(0);
        for (Path part : existing()) {
            sum += stores.apply(part).limit().orElse(0);
        }
        return sum > 0 ? OptionalLong.of(sum) : OptionalLong.empty();
    }

    /** What is taken of {@link #limit} while no run has it; empty without a limit, and while it is not known of all parts. */
    public OptionalLong used() throws IOException {
        List<WorkspaceStore> limited = new ArrayList<>();
        if (shared.limit().isPresent()) {
            limited.add(shared);
        }
        for (Path part : existing()) {
            limited.add(stores.apply(part));
        }
        long sum = 0;
        for (WorkspaceStore store : limited) {
            OptionalLong used = store.used();
            if (used.isEmpty()) {
                return OptionalLong.empty();
            }
            sum += used.getAsLong();
        }
        return limited.isEmpty() ? OptionalLong.empty() : OptionalLong.of(sum);
    }

    /** Where images are mounted in the target of {@link #open}; what has no limit has no image. */
    public List<Path> images(Path target) throws IOException {
        List<Path> images = new ArrayList<>();
        if (shared.limit().isPresent()) {
            images.add(target.resolve(SHARED));
        }
        int parts = existing().size();
        for (int number = 0; number < parts; number++) {
            images.add(target.resolve(PART + number));
        }
        return images;
    }

    /** The limit of what is shared; empty where there is none or nothing exists. */
    public OptionalLong sharedLimit() throws IOException {
        return shared.limit();
    }

    /**
     * Makes what holds the places, or gives it the limits that it has now. Must not be called while they are in use.
     *
     * @throws StorageRefusedException where what exists can't have its limit
     */
    public void prepare(Division division) throws IOException, InterruptedException {
        shared.prepare(division.shared());
        for (Map.Entry<String, StorageLimit> part : division.parts().entrySet()) {
            Path folder = part(part.getKey());
            PrivateFiles.makeDirectory(folder);
            stores.apply(folder).prepare(Optional.of(part.getValue()));
        }
    }

    /**
     * In the sandbox's mount namespace: makes all of it available.
     *
     * @param target an existing directory in which those that images are mounted on are made
     */
    public Opened open(Path target, Division division, LoopDevices.Writing writing) throws IOException {
        Path first = Files.createDirectory(target.resolve(SHARED));
        Path opened = shared.open(
                first, division.shared().filter(StorageLimit::reserved).isPresent(), writing);
        Map<String, Path> own = new HashMap<>();
        for (Map.Entry<String, StorageLimit> part : division.parts().entrySet()) {
            Path place = Files.createDirectory(target.resolve(PART + own.size()));
            own.put(
                    part.getKey(),
                    stores.apply(part(part.getKey()))
                            .open(place, part.getValue().reserved(), writing));
        }
        Opened all = new Opened(opened, Map.copyOf(own));
        replacement.settle(all.stores());
        return all;
    }

    /**
     * Storage at hand.
     *
     * @param shared directory of what has no part of its own
     * @param parts the others' directories, by the paths at which manifests mount them
     */
    public record Opened(Path shared, Map<String, Path> parts) {
        /** Each filesystem or directory once. */
        Set<Path> stores() {
            Set<Path> stores = new LinkedHashSet<>(parts.values());
            stores.add(shared);
            return stores;
        }

        /** Where the directory of a place is; it may not exist yet. */
        public Path of(String path) {
            return storeOf(path).resolve(WorkspaceStore.nameFor(path));
        }

        /** What the directory of a place is in. */
        public Path storeOf(String path) {
            return parts.getOrDefault(path, shared);
        }

        /**
         * The directory of one place, made where it does not exist.
         *
         * @param path where the manifest mounts it
         * @param owner the host's user and group id that stands for the agent's own
         */
        public Path place(String path, long owner) throws IOException {
            return WorkspaceStore.workspace(storeOf(path), path, owner);
        }
    }

    /** How other directories are put in the place of those that it has. */
    public Replacement replacement() {
        return replacement;
    }

    /** As {@link WorkspaceStore#deleteRootChanges}. */
    public void deleteRootChanges() throws IOException {
        shared.deleteRootChanges();
    }

    /** Removes everything. */
    public void delete() throws IOException {
        shared.delete();
        for (Path part : existing()) {
            stores.apply(part).delete();
            Files.deleteIfExists(part);
        }
        Files.deleteIfExists(parts);
        replacement.forget();
    }

    private List<Path> existing() throws IOException {
        try (Stream<Path> entries = Files.list(parts)) {
            return entries.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private Path part(String path) {
        return parts.resolve(WorkspaceStore.nameFor(path));
    }
}
