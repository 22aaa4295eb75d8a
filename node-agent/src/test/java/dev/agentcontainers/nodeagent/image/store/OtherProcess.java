package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.linux.process.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Another process, which sees the locks that the kernel has: this one's own view would not show them. */
final class OtherProcess {
    private static final Optional<Program> PYTHON = Program.find("python3");

    private OtherProcess() {}

    static boolean canLook() {
        return PYTHON.isPresent();
    }

    /** @param name as {@link NamedLocks} takes it */
    static boolean seesLocked(Path file, String name) throws IOException, InterruptedException {
        Process python =
                new ProcessBuilder(PYTHON.orElseThrow().path().toString(), "-c", """
                    import fcntl, hashlib, os, sys
                    place = int.from_bytes(hashlib.sha256(sys.argv[2].encode()).digest()[:8], 'big') & (2**62 - 1)
                    file = os.open(sys.argv[1], os.O_WRONLY)
                    try:
                        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                    except OSError:
                        sys.exit(3)
                    """, file.toString(), name).start();
        return python.waitFor() == 3;
    }
}
