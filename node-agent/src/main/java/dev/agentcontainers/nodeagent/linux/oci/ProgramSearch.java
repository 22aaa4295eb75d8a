package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Looks whether an agent's program is there before anything is started, as the runtime does where it starts the program itself.
 *
 * @param root of the sandbox, complete but for the kernel's filesystems
 * @param ids of the sandbox
 * @param runAs who is to execute it, without privileges
 */
record ProgramSearch(Mounts mounts, Path root, IdRange ids, RunAs runAs) {
    private static final int TYPE = 0xf000;
    private static final int FILE = 0x8000;

    private enum Found {
        NOTHING,
        NOT_EXECUTABLE,
        PROGRAM
    }

    /**
     * @param path directories that a name without a slash is looked for in, with colons between them
     * @throws IOException where it is not there or the agent may not execute it
     */
    void require(String program, String path, String workingDirectory) throws IOException {
        boolean named = !program.isEmpty() && program.indexOf('/') < 0;
        Found best = Found.NOTHING;
        for (String directory : named ? path.split(":", -1) : new String[] {""}) {
            String candidate = directory.isEmpty() ? program : directory + "/" + program;
            Found found = candidate.isEmpty() ? Found.NOTHING : at(workingDirectory, candidate);
            best = found.compareTo(best) > 0 ? found : best;
        }
        switch (best) {
            case PROGRAM -> {}
            case NOT_EXECUTABLE -> throw new IOException("executable file `" + program + "`: Permission denied");
            case NOTHING ->
                throw new IOException("executable file `" + program + "` not found" + (named ? " in $PATH" : "")
                        + ": No such file or directory");
        }
    }

    private Found at(String workingDirectory, String candidate) throws IOException {
        String path = candidate.startsWith("/") ? candidate : workingDirectory + "/" + candidate;
        if (RootfsPlanner.isKernels(path)) {
            // Mounted later.
            return Found.PROGRAM;
        }
        int directory = Shim.check("open " + root, mounts.openDirectory(root.toString()));
        try {
            int file = mounts.openInRoot(directory, path);
            if (file < 0) {
                return Found.NOTHING;
            }
            try {
                return isExecutable(Path.of("/proc/thread-self/fd/" + file)) ? Found.PROGRAM : Found.NOT_EXECUTABLE;
            } finally {
                mounts.close(file);
            }
        } finally {
            mounts.close(directory);
        }
    }

    private boolean isExecutable(Path file) throws IOException {
        int mode = number(file, "mode");
        int bit = isUser(number(file, "uid")) ? 0100 : isGroup(number(file, "gid")) ? 010 : 01;
        return (mode & TYPE) == FILE && (mode & bit) != 0;
    }

    private static int number(Path file, String attribute) throws IOException {
        return (int) Files.getAttribute(file, "unix:" + attribute);
    }

    private boolean isUser(int id) {
        return inside(id) == runAs.user();
    }

    private boolean isGroup(int id) {
        return inside(id) == runAs.group() || runAs.groups().stream().anyMatch(group -> inside(id) == group);
    }

    /** The host's ids as the sandbox has them. */
    private long inside(int id) {
        return Integer.toUnsignedLong(id) - ids.first();
    }
}
