package dev.agentcontainers.egressproxy.confine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Takes from this process what it doesn't need of the kernel: starting programs, namespaces, tracing, keys, other kinds of sockets
 * and whatever else isn't among {@link SystemCall}. For every thread, and for good.
 */
public final class SystemCallFilter {
    private static final long PR_SET_NO_NEW_PRIVS = 38;
    private static final long SECCOMP_SET_MODE_FILTER = 1;

    /** All threads or none. */
    private static final long SECCOMP_FILTER_FLAG_TSYNC = 1;

    private static final int STEP_SIZE = 8;
    private static final int PROGRAM_SIZE = 16;

    private SystemCallFilter() {}

    /** @throws IOException where the kernel does not take it; then nothing is forbidden */
    public static void apply() throws IOException {
        Architecture architecture = Architecture.ofThisMachine();
        try (Arena arena = Arena.ofConfined()) {
            Calls calls = new Calls(arena);
            calls.call("forbid new rights", prctl(architecture), PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            calls.call(
                    "set a filter of system calls",
                    architecture.seccomp(),
                    SECCOMP_SET_MODE_FILTER,
                    SECCOMP_FILTER_FLAG_TSYNC,
                    program(arena, FilterProgram.of(architecture)).address(),
                    0,
                    0);
        }
    }

    private static long prctl(Architecture architecture) {
        return SystemCall.PRCTL.number(architecture);
    }

    /** As {@code struct sock_fprog} with its {@code struct sock_filter}. */
    private static MemorySegment program(Arena arena, List<FilterProgram.Step> steps) {
        MemorySegment filter = arena.allocate((long) STEP_SIZE * steps.size(), Long.BYTES);
        for (int i = 0; i < steps.size(); i++) {
            FilterProgram.Step step = steps.get(i);
            long at = (long) STEP_SIZE * i;
            filter.set(JAVA_SHORT, at, (short) step.code());
            filter.set(JAVA_BYTE, at + 2, (byte) step.then());
            filter.set(JAVA_BYTE, at + 3, (byte) step.otherwise());
            filter.set(JAVA_INT, at + 4, step.value());
        }
        MemorySegment program = arena.allocate(PROGRAM_SIZE, Long.BYTES);
        program.set(JAVA_SHORT, 0, (short) steps.size());
        program.set(ADDRESS, Long.BYTES, filter);
        return program;
    }

    /** syscall(2). */
    private static final class Calls {
        private final MethodHandle function;
        private final MemorySegment state;

        Calls(Arena arena) {
            Linker linker = Linker.nativeLinker();
            function = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("syscall"),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                    Linker.Option.firstVariadicArg(1),
                    Linker.Option.captureCallState("errno"));
            state = arena.allocate(Linker.Option.captureStateLayout());
        }

        /** Any answer but 0 is a failure: of the filter also the thread that could not be given it. */
        void call(String action, long number, long first, long second, long third, long fourth, long fifth)
                throws IOException {
            long answer;
            try {
                answer = (long) function.invokeExact(state, number, first, second, third, fourth, fifth);
            } catch (Throwable e) {
                throw new IllegalStateException(action, e);
            }
            if (answer != 0) {
                throw new IOException("the kernel refuses to " + action + ": "
                        + (answer < 0 ? "error " + errno() : "not for thread " + answer));
            }
        }

        private int errno() {
            return state.get(
                    JAVA_INT,
                    Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno")));
        }
    }
}
