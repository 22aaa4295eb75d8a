package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.cli.process.Termination;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.process.ChildCommand;
import dev.agentcontainers.localcluster.process.ChildLauncher;
import dev.agentcontainers.localcluster.process.LogTail;
import dev.agentcontainers.localcluster.process.OwnProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A Java program of the fleet that outlives the command that started it. It is found again by an argument that names
 * its folder, so a number in a file can't be mistaken for it.
 *
 * @param name for messages, for example {@code operator}
 * @param folder its folder: working directory and log
 */
public record FleetProcess(String name, Path folder) {
    private static final Duration STOP_WITHIN = Duration.ofSeconds(15);

    public Path log() {
        return folder.resolve(name + ".log");
    }

    public Optional<ProcessHandle> find() {
        return OwnProcesses.find("java", marker());
    }

    /**
     * Starts the program unless it runs.
     *
     * @param command the java program, its options and arguments
     * @param environment variables beside PATH, LANG and HOME, which are passed on
     * @return true where it was started, false where it ran
     */
    public boolean start(List<String> command, Map<String, String> environment) {
        if (find().isPresent()) {
            return false;
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("the folder " + folder + " of the " + name + " can't be made", e);
        }
        List<String> words = new ArrayList<>(command);
        words.add(1, marker());
        Map<String, String> variables = new java.util.HashMap<>(environment);
        for (String inherited : List.of("PATH", "LANG", "HOME")) {
            String value = System.getenv(inherited);
            if (value != null) {
                variables.put(inherited, value);
            }
        }
        ChildLauncher.start(
                new ChildCommand(words, variables, folder, log()), ChildLauncher.Lifetime.OUTLIVES_THIS_JVM);
        return true;
    }

    /** Asks the program to end and kills it where it does not. */
    public void stop() {
        find().ifPresent(running -> Termination.of(running, name, STOP_WITHIN));
    }

    /** Throws with the end of the log where the program has ended. */
    public void requireAlive() {
        if (find().isEmpty()) {
            throw new UserException("the " + name + " has ended. The end of " + log() + ":\n" + LogTail.of(log()));
        }
    }

    private String marker() {
        return "-Dagentcontainers.fleet.folder=" + folder;
    }
}
