package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a node's sandboxes have on this machine, counted. */
record Machine(long mounts, long cgroups, long loopDevices, long processes, List<Path> directories) {
    static Machine now(TestNode node) throws IOException {
        String parent = node.settings().cgroupParent();
        try (Stream<Path> groups = Files.walk(Path.of("/sys/fs/cgroup"));
                Stream<Path> loops = Files.list(Path.of("/sys/block"));
                Stream<Path> sandboxes = Files.isDirectory(SandboxFiles.sandboxes(node.settings()))
                        ? Files.list(SandboxFiles.sandboxes(node.settings()))
                        : Stream.of()) {
            return new Machine(
                    MountTable.ofThisThread().entries().stream()
                            .filter(mount -> mount.path()
                                    .startsWith(node.settings().runDirectory().toString()))
                            .count(),
                    groups.filter(path -> path.toString().matches(".*" + parent + "(/_shims)?/[a-z0-9-]+"))
                            .filter(Files::isDirectory)
                            .count(),
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
}
