package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.process.FolderLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The register of this machine's fleets: a file for each place, which holds the home of the fleet that has it. A place
 * whose fleet is no more is free.
 *
 * @param folder of the register
 */
public record FleetPlaces(Path folder) {
    private static final FleetPlaces OF_THIS_MACHINE = new FleetPlaces(Path.of("/var/lib/agentcontainers/fleets"));

    public static FleetPlaces ofThisMachine() {
        return OF_THIS_MACHINE;
    }

    /** Its files. */
    public List<Path> files() {
        return List.of(folder, lock());
    }

    /** The place of the fleet with that home: the one it has, else the first free one. */
    FleetPlace claim(Path home) {
        try (FolderLock _ = FolderLock.acquire(lock(), () -> {})) {
            List<Path> others = new ArrayList<>();
            Optional<Integer> free = Optional.empty();
            for (int number = 0; number < FleetPlace.COUNT; number++) {
                Optional<Path> holder = holder(number);
                if (holder.equals(Optional.of(home))) {
                    return new FleetPlace(number);
                }
                if (holder.isPresent()) {
                    others.add(holder.get());
                } else if (free.isEmpty()) {
                    free = Optional.of(number);
                }
            }
            int number = free.orElseThrow(() -> new UserException("this machine has " + FleetPlace.COUNT
                    + " fleets, the most it has places for, in " + others + ": remove one with AGENTCTL_HOME=FOLDER"
                    + " agentctl down"));
            Files.createDirectories(home);
            Files.createDirectories(folder);
            Path written = folder.resolve(number + ".new");
            Files.writeString(written, home.toString());
            Files.move(written, file(number), StandardCopyOption.ATOMIC_MOVE);
            return new FleetPlace(number);
        } catch (IOException e) {
            throw new UncheckedIOException("the register of fleets in " + folder + " can't be written", e);
        }
    }

    /** The place that the fleet with that home has. */
    Optional<FleetPlace> find(Path home) {
        for (int number = 0; number < FleetPlace.COUNT; number++) {
            if (holder(number).equals(Optional.of(home))) {
                return Optional.of(new FleetPlace(number));
            }
        }
        return Optional.empty();
    }

    /** Gives the fleet's place back; the register goes with the last one. */
    void release(Path home) {
        try (FolderLock lock = FolderLock.acquire(lock(), () -> {})) {
            Optional<FleetPlace> place = find(home);
            if (place.isPresent()) {
                Files.deleteIfExists(file(place.get().number()));
            }
            for (int number = 0; number < FleetPlace.COUNT; number++) {
                if (Files.exists(file(number))) {
                    return;
                }
            }
            Files.deleteIfExists(folder);
            lock.deleteFile();
        } catch (IOException e) {
            throw new UncheckedIOException("the register of fleets in " + folder + " can't be written", e);
        }
    }

    private Optional<Path> holder(int number) {
        Path file = file(number);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file).strip())
                    .filter(home -> !home.isEmpty())
                    .map(Path::of)
                    .filter(Files::exists);
        } catch (IOException e) {
            throw new UncheckedIOException("the register of fleets in " + folder + " can't be read", e);
        }
    }

    private Path file(int number) {
        return folder.resolve(Integer.toString(number));
    }

    /** Beside the register, which is deleted with the last fleet. */
    private Path lock() {
        return folder.resolveSibling(folder.getFileName() + ".lock");
    }
}
