package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.localcluster.binaries.CacheFolder;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.localcluster.process.FolderLock;
import dev.agentcontainers.startcache.Program.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * Copies of the programs that fleets run from: a build may replace the files that it made, but not those that a JVM has
 * open. There is one for each build, for all fleets, and it goes when another is made and nothing runs from it.
 *
 * @param folder where they are kept
 */
record ProgramCopies(Path folder) {
    private static final Duration STARTED_WITHIN = Duration.ofMinutes(10);

    static ProgramCopies ofThisUser() {
        return new ProgramCopies(CacheFolder.of(System.getenv()).resolve("programs"));
    }

    /** A copy of the programs as they are now, which nothing changes any more. */
    Programs keep(Programs programs) {
        try (FolderLock _ = FolderLock.acquire(folder.resolve("lock"), () -> {})) {
            Path copy = folder.resolve(programs.digest(List.of(Role.values())));
            if (!Files.exists(copy)) {
                removeUnused();
                Path incomplete = Files.createTempDirectory(folder, "incomplete-");
                for (Role role : Role.values()) {
                    programs.copy(role, incomplete);
                }
                Files.move(incomplete, copy);
            }
            Files.setLastModifiedTime(copy, FileTime.from(Instant.now()));
            return new Programs(copy, programs.java());
        } catch (IOException e) {
            throw new UncheckedIOException("the programs can't be copied to " + folder, e);
        }
    }

    private void removeUnused() throws IOException {
        List<String> running = ProcessHandle.allProcesses()
                .map(ProgramCopies::commandLine)
                .filter(line -> line.contains(folder.toString()))
                .toList();
        try (Stream<Path> copies = Files.list(folder)) {
            copies.filter(Files::isDirectory)
                    .filter(copy -> running.stream().noneMatch(line -> line.contains(copy + "/")))
                    .filter(ProgramCopies::isOld)
                    .forEach(FileTrees::delete);
        }
    }

    /** Whoever asked for a copy may not have started anything from it yet. */
    private static boolean isOld(Path copy) {
        try {
            return Files.getLastModifiedTime(copy)
                    .toInstant()
                    .isBefore(Instant.now().minus(STARTED_WITHIN));
        } catch (IOException e) {
            return false;
        }
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
        } catch (IOException e) {
            return "";
        }
    }
}
