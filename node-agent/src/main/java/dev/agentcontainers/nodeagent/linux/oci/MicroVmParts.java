package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.oci.Tools.MissingException;
import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What virtual machines are made of on this node.
 *
 * @param qemu their machine, below /usr with all that it loads
 * @param kernel theirs
 * @param initialFiles what the kernel begins with: the first process of the machine, and drivers
 * @param monitor runs QEMU and speaks with that process
 * @param virtiofsd serves them the agent's files
 * @param version of the folder
 */
record MicroVmParts(Path qemu, Path kernel, Path initialFiles, Path monitor, Path virtiofsd, String version) {
    static MicroVmParts of(MicroVmSettings settings) throws MissingException {
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        String program = arm ? "qemu-system-aarch64" : "qemu-system-x86_64";
        Path qemu = Program.find(program)
                .map(Program::path)
                .orElseThrow(() -> new MissingException(program
                        + " was not found: install QEMU, for example 'apt-get install --no-install-recommends "
                        + (arm ? "qemu-system-arm'" : "qemu-system-x86'")));
        if (!qemu.startsWith("/usr")) {
            throw new MissingException(
                    qemu + " is not below /usr, which is all that it would see of the machine's programs");
        }
        Path folder = current(settings.folder());
        return new MicroVmParts(
                qemu,
                in(folder, "kernel"),
                in(folder, "initrd"),
                in(folder, "monitor"),
                in(folder, "virtiofsd"),
                version(folder));
    }

    /** What was made last. Where it leads may change at any time, and so it is followed once. */
    private static Path current(Path folder) throws MissingException {
        try {
            return folder.resolve("current").toRealPath();
        } catch (IOException e) {
            throw missing(folder.resolve("current"));
        }
    }

    private static Path in(Path folder, String name) throws MissingException {
        Path file = folder.resolve(name);
        if (!Files.isReadable(file)) {
            throw missing(file);
        }
        return file;
    }

    private static MissingException missing(Path file) {
        return new MissingException(file
                + ", which micro-VMs are made of, is not there or can't be read: have 'scripts/micro-vm' make the folder that"
                + " agentcontainers.node.micro-vm names");
    }

    private static String version(Path folder) throws MissingException {
        Path file = in(folder, "version");
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new MissingException(file + " can't be read: " + e.getMessage());
        }
    }
}
