package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The terminal inside a sandbox, which a runtime that execs has made there and relays to. It is resized by way of the
 * runtime's own descriptor of it: crun (1.8) passes SIGWINCH on to the program without changing the terminal's size.
 */
record RelayedTerminal(ProcessIdentity runtime, ProcessCalls processes, DescriptorCalls descriptors) {
    /** The end that controls a terminal, however the runtime's devpts is seen from here. */
    private static final String CONTROL = "/ptmx";

    /** False where the runtime does not have it yet, or any more. */
    boolean resize(int columns, int rows) {
        int process = processes.openProcess(runtime.pid());
        if (process < 0) {
            return false;
        }
        try {
            // Asked after opening: from here on the descriptor can only mean the process that is looked at.
            return runtime.isAlive() && resizeAll(process, columns, rows);
        } finally {
            descriptors.close(process);
        }
    }

    private boolean resizeAll(int process, int columns, int rows) {
        boolean resized = false;
        Path folder = Path.of("/proc/" + runtime.pid() + "/fd");
        try (DirectoryStream<Path> open = Files.newDirectoryStream(folder)) {
            for (Path descriptor : open) {
                if (Files.readSymbolicLink(descriptor).toString().endsWith(CONTROL)) {
                    int theirs = Integer.parseInt(descriptor.getFileName().toString());
                    int ours = processes.copyDescriptor(process, theirs);
                    if (ours >= 0) {
                        resized |= descriptors.resize(ours, columns, rows) == 0;
                        descriptors.close(ours);
                    }
                }
            }
        } catch (IOException e) {
            // It has closed some meanwhile, or has ended.
            return resized;
        }
        return resized;
    }
}
