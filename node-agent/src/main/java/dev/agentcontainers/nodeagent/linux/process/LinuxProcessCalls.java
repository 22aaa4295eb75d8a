package dev.agentcontainers.nodeagent.linux.process;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The kernel's own. */
final class LinuxProcessCalls implements ProcessCalls {
    private static final int PIDFD_SEND_SIGNAL = 424;
    private static final int PIDFD_OPEN = 434;
    private static final int PIDFD_GETFD = 438;
    private static final int EINTR = 4;
    private static final int O_WRONLY_CLOEXEC = 1 | 0x80000;
    private static final int POLLIN = 1;
    private static final int POLLOUT = 4;

    @Override
    public int spawn(SpawnRequest request) {
        try (SpawnMemory memory = SpawnMemory.of(request)) {
            int[] pid = new int[1];
            int error = memory.spawn(pid);
            return error == 0 ? pid[0] : -error;
        }
    }

    @Override
    public int waitFor(int pid) {
        int[] status = new int[1];
        int answer;
        do {
            answer = Libc.result(Libc.waitpid(pid, status, 0));
        } while (answer == -EINTR);
        if (answer < 0) {
            return answer;
        }
        int signal = status[0] & 0x7f;
        return signal == 0 ? (status[0] >> 8) & 0xff : 128 + signal;
    }

    @Override
    public int openProcess(long pid) {
        return Libc.result(Libc.syscall(PIDFD_OPEN, pid, 0, null, 0));
    }

    @Override
    public int signal(int processDescriptor, int signal) {
        return Libc.result(Libc.syscall(PIDFD_SEND_SIGNAL, processDescriptor, signal, null, 0));
    }

    @Override
    public int move(long pid, Path processes) {
        byte[] path = (processes + "\0").getBytes(StandardCharsets.UTF_8);
        int file = Libc.result(Libc.open(path, O_WRONLY_CLOEXEC, 0));
        if (file < 0) {
            return file;
        }
        byte[] text = Long.toString(pid).getBytes(StandardCharsets.US_ASCII);
        int answer = Libc.result(Libc.write(file, text, text.length));
        Libc.close(file);
        return answer;
    }

    @Override
    public int copyDescriptor(int processDescriptor, int theirs) {
        return Libc.result(Libc.syscall(PIDFD_GETFD, processDescriptor, theirs, null, 0));
    }

    @Override
    public int awaitReady(int[] descriptors, boolean[] writing, boolean[] ready, int timeoutMillis) {
        // struct pollfd is an int and two shorts: the events asked for, and above them those that happened.
        int[] polled = new int[2 * descriptors.length];
        for (int i = 0; i < descriptors.length; i++) {
            polled[2 * i] = descriptors[i];
            polled[2 * i + 1] = writing[i] ? POLLOUT : POLLIN;
        }
        int answer = Libc.result(Libc.poll(polled, descriptors.length, timeoutMillis));
        for (int i = 0; i < descriptors.length; i++) {
            ready[i] = answer > 0 && polled[2 * i + 1] >>> 16 != 0;
        }
        return answer == -EINTR ? 0 : answer;
    }
}
