package dev.agentcontainers.nodeagent.linux.landlock;

import com.sun.jna.Native;

/** The kernel's own. */
final class LandlockCalls {
    private static final long CREATE_RULESET = 444;
    private static final long ASK_FOR_VERSION = 1;

    private static final class Libc {
        static {
            Native.register(Libc.class, "c");
        }

        private Libc() {}

        static native long syscall(long number, long attributes, long size, long flags);
    }

    private LandlockCalls() {}

    /** The version of its interface, or a negated error number. */
    static int version() {
        long answer = Libc.syscall(CREATE_RULESET, 0, 0, ASK_FOR_VERSION);
        return answer < 0 ? -Native.getLastError() : (int) answer;
    }
}
