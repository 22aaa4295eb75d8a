package dev.agentcontainers.cli.run;

import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.nodeagent.standalone.MachineImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What of standalone runs is on this machine: processes, fences, links, tables, control groups, mounts, files, uses of images. */
final class StandaloneTraces {
    private StandaloneTraces() {}

    static List<String> found() {
        List<String> found = new ArrayList<>();
        fences().forEach(name -> found.add("namespace " + name));
        ExternalCommand.of("ip", "-o", "link")
                .run()
                .lines()
                .filter(line -> line.contains("agentcontainers agentfence-standalone-"))
                .forEach(line -> found.add("link " + line));
        ExternalCommand.of("nft", "list", "tables")
                .run()
                .lines()
                .filter(line -> line.contains("agentfence_standalone"))
                .forEach(line -> found.add("nftables " + line));
        ExternalCommand.of("ip", "route")
                .run()
                .lines()
                .filter(line -> line.startsWith("100.95.25"))
                .forEach(line -> found.add("route " + line));
        addNames(Path.of("/var/lib/agentcontainers/standalone"), "", found);
        addNames(Path.of("/run/agentcontainers/standalone"), "", found);
        found.removeIf(line -> line.endsWith(".lock"));
        addNames(MachineImages.DIRECTORY.resolve("uses"), "standalone-", found);
        addNames(Path.of("/sys/fs/cgroup"), "agentcontainers-standalone-", found);
        try (Stream<Path> controllers = Files.list(Path.of("/sys/fs/cgroup"))) {
            controllers
                    .filter(Files::isDirectory)
                    .forEach(controller -> addNames(controller, "agentcontainers-standalone-", found));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        processes().forEach(line -> found.add("process " + line));
        ExternalCommand.of("cat", "/proc/self/mountinfo")
                .run()
                .lines()
                .filter(line -> line.contains("agentcontainers/standalone"))
                .forEach(line -> found.add("mount " + line));
        return found;
    }

    /** Names of the fences that stand. */
    static List<String> fences() {
        List<String> found = new ArrayList<>();
        addNames(Path.of("/run/netns"), "agentfence-standalone-", found);
        return found;
    }

    /** Shims and everything that has an id of a standalone run; dead ones that the machine's init has not taken yet aside. */
    private static List<String> processes() {
        return ExternalCommand.of("ps", "-eo", "uid,pid,args")
                .run()
                .lines()
                .filter(line -> !line.endsWith("<defunct>"))
                .filter(line -> line.contains("conmon") && line.contains("agentcontainers/standalone")
                        || line.strip().startsWith("214"))
                .toList();
    }

    private static void addNames(Path folder, String prefix, List<String> found) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            entries.filter(entry -> entry.getFileName().toString().startsWith(prefix))
                    .forEach(entry -> found.add(entry.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
