package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a node's sandboxes have on this machine, counted. */
record Machine(long mounts, long cgroups, long loopDevices, long processes, List<Path> directories) {
    static Machine now(TestNode node) throws IOException {
        String parent = node.settings().cgroupParent();
        try (Stream<Path> loops = Files.list(Path.of("/sys/block"));
                Stream<Path> sandboxes = Files.isDirectory(SandboxFiles.sandboxes(node.settings()))
                        ? Files.list(SandboxFiles.sandboxes(node.settings()))
                        : Stream.of()) {
            return new Machine(
                    MountTable.ofThisThread().entries().stream()
                            .filter(mount -> mount.path()
                                    .startsWith(node.settings().runDirectory().toString()))
                            .count(),
                    groups(Pattern.compile(".*" + Pattern.quote(parent) + "(/_shims)?/[a-z0-9-]+")
                                    .asMatchPredicate())
                            .size(),
                    loops.filter(device -> Files.exists(device.resolve("loop/backing_file")))
                            .count(),
                    ProcessHandle.allProcesses()
                            .filter(process -> process.info()
                                    .commandLine()
                                    .orElse("")
                                    .contains(node.settings().stateDirectory().toString()))
                            .count(),
                    sandboxes.toList());
        }
    }

    /** The machine's control groups with such names; others come and go meanwhile. */
    static List<Path> groups(Predicate<String> which) throws IOException {
        List<Path> groups = new ArrayList<>();
        Files.walkFileTree(Path.of("/sys/fs/cgroup"), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path group, BasicFileAttributes attributes) {
                if (which.test(group.toString())) {
                    groups.add(group);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path gone, IOException failure) {
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path group, @Nullable IOException failure) {
                return FileVisitResult.CONTINUE;
            }
        });
        return groups;
    }
}
