package dev.agentcontainers.nodeagent.linux.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The kernel's own. */
final class LinuxDescriptorCalls implements DescriptorCalls {
    private static final int O_RDWR = 2;
    private static final int O_NOCTTY = 0x100;
    private static final int O_CLOEXEC = 0x80000;
    private static final long TIOCSWINSZ = 0x5414;
    private static final long FIONREAD = 0x541b;
    private static final int TCSANOW = 0;

    /** Larger than the C library's struct termios (60), and where in it the changes of output are, c_oflag. */
    private static final int TERMIOS = 128;

    private static final int OUTPUT_CHANGES = 4;
    private static final int EINTR = 4;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;

    @Override
    public int pipe(int[] ends) {
        return Libc.result(Libc.pipe2(ends, O_CLOEXEC));
    }

    @Override
    public int terminal(int[] ends) {
        int control = Libc.result(Libc.posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (control < 0) {
            return control;
        }
        byte[] name = new byte[64];
        if (Libc.grantpt(control) != 0
                || Libc.unlockpt(control) != 0
                || Libc.ptsname_r(control, name, name.length) != 0) {
            Libc.close(control);
            return -5;
        }
        int program = Libc.result(Libc.open(name, O_RDWR | O_NOCTTY | O_CLOEXEC, 0));
        if (program < 0) {
            Libc.close(control);
            return program;
        }
        ends[0] = control;
        ends[1] = program;
        return 0;
    }

    @Override
    public int resize(int terminal, int columns, int rows) {
        return Libc.result(Libc.ioctl(terminal, TIOCSWINSZ, new short[] {(short) rows, (short) columns, 0, 0}));
    }

    @Override
    public int passOnBytes(int terminal) {
        byte[] settings = new byte[TERMIOS];
        int answer = Libc.result(Libc.tcgetattr(terminal, settings));
        if (answer < 0) {
            return answer;
        }
        Libc.cfmakeraw(settings);
        // It switches the changes of output off together. Each of them too, for where another switches them on.
        ByteBuffer.wrap(settings).order(ByteOrder.nativeOrder()).putInt(OUTPUT_CHANGES, 0);
        return Libc.result(Libc.tcsetattr(terminal, TCSANOW, settings));
    }

    @Override
    public int doNotWait(int descriptor) {
        int flags = Libc.result(Libc.fcntl(descriptor, F_GETFL, 0));
        return flags < 0 ? flags : Libc.result(Libc.fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
    }

    @Override
    public int read(int descriptor, byte[] buffer) {
        int answer;
        do {
            answer = Libc.result(Libc.read(descriptor, buffer, buffer.length));
        } while (answer == -EINTR);
        return answer;
    }

    @Override
    public int held(int pipe) {
        int[] count = new int[1];
        int answer = Libc.result(Libc.ioctl(pipe, FIONREAD, count));
        return answer < 0 ? answer : count[0];
    }

    @Override
    public int write(int descriptor, byte[] buffer, int length) {
        int answer;
        do {
            answer = Libc.result(Libc.write(descriptor, buffer, length));
        } while (answer == -EINTR);
        return answer;
    }

    @Override
    public int close(int descriptor) {
        return Libc.result(Libc.close(descriptor));
    }
}
