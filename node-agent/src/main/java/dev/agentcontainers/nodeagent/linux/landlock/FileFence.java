package dev.agentcontainers.nodeagent.linux.landlock;

import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.program.RestrictedStart;
import dev.agentcontainers.nodeagent.linux.program.RestrictedStart.Rule;
import dev.agentcontainers.nodeagent.linux.rootfs.RootMount;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps everything in a sandbox to files beneath its root, and its writing to what was mounted to be written to. Sources:
 * landlock(7), include/uapi/linux/landlock.h.
 *
 * @param version of the kernel's interface
 */
public record FileFence(int version) {
    private static final int TRUNCATING_VERSION = 3;
    private static final int DEVICE_VERSION = 5;

    private static final long EXECUTE = 1;
    private static final long WRITE_FILE = 1 << 1;
    private static final long READ_FILE = 1 << 2;
    private static final long READ_DIRECTORY = 1 << 3;
    private static final long MAKE_CHARACTER_DEVICE = 1 << 6;
    private static final long MAKE_BLOCK_DEVICE = 1 << 11;

    /** All of the second version: to read, execute, write, remove, make and move. */
    private static final long SECOND_VERSION = (1 << 14) - 1;

    private static final long TRUNCATE = 1 << 14;
    private static final long CONTROL_DEVICE = 1 << 15;

    private static final long READING = EXECUTE | READ_FILE | READ_DIRECTORY;
    private static final long FILE_OF_DEVICE = WRITE_FILE | READ_FILE | TRUNCATE | CONTROL_DEVICE;

    /** The program that starts everything in a sandbox that has this fence. */
    public static final String PROGRAM = "/.agentcontainers";

    /** What starts it there is this program. */
    public static List<String> started(List<String> command) {
        List<String> started = new ArrayList<>(List.of(PROGRAM));
        started.addAll(command);
        return started;
    }

    /** @param mounts over a root that is read-only */
    public byte[] program(List<RootMount> mounts) {
        return new RestrictedStart(Machine.current(), handled(), rules(mounts)).bytes();
    }

    long handled() {
        return SECOND_VERSION
                | (version >= TRUNCATING_VERSION ? TRUNCATE : 0)
                | (version >= DEVICE_VERSION ? CONTROL_DEVICE : 0);
    }

    List<Rule> rules(List<RootMount> mounts) {
        long writing = handled() & ~(MAKE_CHARACTER_DEVICE | MAKE_BLOCK_DEVICE | CONTROL_DEVICE);
        List<Rule> rules = new ArrayList<>(List.of(
                new Rule("/", READING),
                new Rule("/proc", handled() & (WRITE_FILE | TRUNCATE)),
                new Rule("/dev", writing | handled() & CONTROL_DEVICE),
                // A message queue is opened past all mounts, in the filesystem that stands here.
                new Rule("/dev/mqueue", writing),
                // What the agent has for its standard input is the host's, of the same file.
                new Rule("/dev/null", handled() & FILE_OF_DEVICE)));
        List<String> writable = mounts.stream()
                .filter(mount -> !mount.readOnly())
                .map(RootMount::path)
                .toList();
        // A rule holds for all beneath it. Where the agent could move what leads to a path, the path is not to be
        // relied on.
        writable.stream()
                .filter(path -> writable.stream().noneMatch(outer -> path.startsWith(outer + "/")))
                .map(path -> new Rule(path, writing))
                .forEach(rules::add);
        return rules;
    }
}
