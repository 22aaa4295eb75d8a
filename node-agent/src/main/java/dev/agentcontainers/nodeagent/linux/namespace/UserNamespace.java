package dev.agentcontainers.nodeagent.linux.namespace;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Value;
import dev.agentcontainers.nodeagent.linux.program.Machine;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A user namespace in which a sandbox's ids begin at 0, and which belongs to the first of them: what the kernel limits for each user,
 * such as instances of inotify, it counts for the owners of all namespaces above as well. Were that root, one agent could use up
 * what all agents and the host's own services share. The kernel makes a user namespace only for a process of a single thread, so a
 * child makes it, which holds it until this is closed or this process has ended. Not for threads that have left the host's
 * namespaces. Sources: user_namespaces(7), kernel/ucount.c of Linux 6.18.
 */
public final class UserNamespace implements Closeable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(2);
    private static final int MOST_TRIES = 100;
    private static final int ETXTBSY = 26;
    private static final int CLOSED = -1;
    private static final long CLONE_NEWUSER = 0x10000000;
    private static final int KEEP_CAPABILITIES = 8;
    private static final int CAPABILITIES_VERSION = 0x20080522;
    private static final int SYS_ADMIN = 1 << 21;

    /** RLIMIT_NPROC, setrlimit(2). */
    private static final int LIMIT_OF_TASKS = 6;

    private final ChildProcess child;
    private final int hold;

    private UserNamespace(ChildProcess child, int hold) {
        this.child = child;
        this.hold = hold;
    }

    /** @param folder of root's own, in which the child's program stands for a moment */
    public static UserNamespace of(ProcessCalls processes, DescriptorCalls descriptors, IdRange ids, Path folder)
            throws IOException {
        return of(processes, descriptors, ids, OptionalLong.empty(), folder);
    }

    /**
     * The same for at most so many tasks (processes and threads): a namespace has the limit for good that its maker had. The kernel
     * counts by it from Linux 5.14 on, and only for owners that root of the machine is not.
     *
     * @param tasks at least 1
     */
    public static UserNamespace of(
            ProcessCalls processes, DescriptorCalls descriptors, IdRange ids, OptionalLong tasks, Path folder)
            throws IOException {
        Path program = Files.createTempFile(
                folder,
                "user-namespace-",
                "",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try {
            Files.write(program, program(ids.first(), tasks));
            UserNamespace made = start(processes, descriptors, program);
            try {
                made.map(ids);
            } catch (IOException e) {
                made.close();
                throw e;
            }
            return made;
        } finally {
            Files.deleteIfExists(program);
        }
    }

    /** Becomes the user, makes the namespace, says so, and waits. */
    private static byte[] program(long user, OptionalLong tasks) {
        CallProgram program = new CallProgram(Machine.current());
        Value id = value(user);
        program.require(SystemCall.PRCTL, value(KEEP_CAPABILITIES), value(1));
        program.require(SystemCall.SETGROUPS, value(0), value(0));
        program.require(SystemCall.SETRESGID, id, id, id);
        program.require(SystemCall.SETRESUID, id, id, id);
        tasks.ifPresent(most -> {
            Value limit = program.longs(most, most);
            program.require(SystemCall.PRLIMIT64, value(0), value(LIMIT_OF_TASKS), limit, value(0));
        });
        // Some machines let only who has this capability make user namespaces, whomever they belong to.
        program.require(
                SystemCall.CAPSET,
                program.ints(CAPABILITIES_VERSION, 0),
                program.ints(SYS_ADMIN, SYS_ADMIN, 0, 0, 0, 0));
        program.require(SystemCall.UNSHARE, value(CLONE_NEWUSER));
        program.require(SystemCall.WRITE, value(1), program.text("made"), value(1));
        program.call(SystemCall.READ, value(0), program.room(1), value(1));
        return program.ending();
    }

    private static UserNamespace start(ProcessCalls processes, DescriptorCalls descriptors, Path program)
            throws IOException {
        int[] said = new int[2];
        check("make a pipe", descriptors.pipe(said));
        int[] held = new int[2];
        try {
            check("make a pipe", descriptors.pipe(held));
        } catch (IOException e) {
            descriptors.close(said[0]);
            descriptors.close(said[1]);
            throw e;
        }
        try {
            SpawnRequest request =
                    new SpawnRequest(program.toString(), List.of(), Map.of(), Map.of(0, held[0], 1, said[1]), false);
            int pid = check("start a holder of a user namespace", spawn(processes, request));
            ChildProcess child = new ChildProcess(processes, descriptors, pid, "the holder of a user namespace");
            UserNamespace made = new UserNamespace(child, held[1]);
            // From here on it is that one's to close.
            held[1] = CLOSED;
            descriptors.close(said[1]);
            said[1] = CLOSED;
            if (child.readOne(said[0], PATIENCE) <= 0) {
                made.close();
                throw new IOException("a user namespace can't be made: see user.max_user_namespaces of sysctl");
            }
            return made;
        } finally {
            for (int descriptor : new int[] {held[0], held[1], said[0], said[1]}) {
                if (descriptor != CLOSED) {
                    descriptors.close(descriptor);
                }
            }
        }
    }

    /** A child of another thread may have the program open for writing for a moment, until it becomes what it shall be. */
    private static int spawn(ProcessCalls processes, SpawnRequest request) {
        int answer = processes.spawn(request);
        for (int again = 0; answer == -ETXTBSY && again < MOST_TRIES; again++) {
            LockSupport.parkNanos(PAUSE.toNanos());
            answer = processes.spawn(request);
        }
        return answer;
    }

    private void map(IdRange ids) throws IOException {
        String map = "0 " + ids.first() + " " + ids.size() + "\n";
        Files.writeString(Path.of("/proc/" + child.pid() + "/uid_map"), map);
        Files.writeString(Path.of("/proc/" + child.pid() + "/gid_map"), map);
    }

    /** By which it can be opened or joined until it is closed. */
    public Path path() {
        return Path.of("/proc/" + child.pid() + "/ns/user");
    }

    private static int check(String action, int answer) throws SystemCallException {
        if (answer < 0) {
            throw new SystemCallException(action, -answer, LinuxNamespaceCalls.describe(-answer));
        }
        return answer;
    }

    /** Lets go of it: it lives on with the processes that have joined it. */
    @Override
    public void close() {
        child.descriptors().close(hold);
        try {
            child.await(PATIENCE);
        } catch (IOException e) {
            // It was killed, which is as good.
        }
    }
}
