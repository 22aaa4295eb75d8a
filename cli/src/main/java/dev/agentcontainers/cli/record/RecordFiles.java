package dev.agentcontainers.cli.record;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Files of the record, and folders in which node agents keep them. A file that is put away while it is read is read once.
 *
 * @param places files, folders, or {@code -} for standard input
 */
record RecordFiles(List<String> places) {
    private static final String NAME = "egress.jsonl";
    /** More than a node agent can be told to keep. */
    private static final int MOST_FILES = 1000;

    /** Reads everything there is into it, the oldest first. */
    void readInto(Recorded recorded, InputStream standardInput) {
        for (String place : places) {
            try {
                if (place.equals("-")) {
                    recorded.read(standardInput);
                } else if (Files.isDirectory(Path.of(place))) {
                    readFolder(Path.of(place), recorded);
                } else {
                    try (InputStream input = Files.newInputStream(Path.of(place))) {
                        recorded.read(input);
                    }
                }
            } catch (NoSuchFileException e) {
                throw new UserException("--records %s: there is no such file".formatted(e.getFile()), 2);
            } catch (AccessDeniedException e) {
                throw new UserException(
                        "--records %s: may not be read; nodes keep their record for root alone".formatted(e.getFile()),
                        2);
            } catch (IOException e) {
                throw new UserException("--records %s: can't be read: %s".formatted(place, e.getMessage()), 2);
            }
        }
    }

    /** Opened from the youngest on: what is put away meanwhile comes again, and is known by its key. */
    private static void readFolder(Path folder, Recorded recorded) throws IOException {
        List<InputStream> opened = new ArrayList<>();
        try {
            Set<Object> keys = new HashSet<>();
            for (int number = 0; number <= MOST_FILES; number++) {
                Optional<InputStream> file = open(folder.resolve(number == 0 ? NAME : NAME + "." + number), keys);
                if (file.isPresent()) {
                    opened.add(file.get());
                } else if (number > 1) {
                    break;
                }
            }
            if (opened.isEmpty()) {
                throw new NoSuchFileException(folder.resolve(NAME).toString());
            }
            for (InputStream file : opened.reversed()) {
                recorded.read(file);
            }
        } finally {
            for (InputStream file : opened) {
                file.close();
            }
        }
    }

    private static Optional<InputStream> open(Path file, Set<Object> keys) throws IOException {
        try {
            while (true) {
                Object key = key(file);
                InputStream input = Files.newInputStream(file);
                boolean isThat = Objects.equals(key, key(file));
                if (isThat && (key == null || keys.add(key))) {
                    return Optional.of(input);
                }
                input.close();
                if (isThat) {
                    return Optional.of(InputStream.nullInputStream());
                }
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static @Nullable Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }
}
