package dev.agentcontainers.egressproxy.confine;

/** By whose numbers system calls are told apart. Source: the kernel's {@code include/uapi/linux/audit.h}. */
enum Architecture {
    X86_64(0xC000003E, 317),
    AARCH64(0xC00000B7, 277);

    private final int audit;
    private final int seccomp;

    Architecture(int audit, int seccomp) {
        this.audit = audit;
        this.seccomp = seccomp;
    }

    /** @throws IllegalStateException where it is none of these */
    static Architecture ofThisMachine() {
        String name = System.getProperty("os.arch");
        return switch (name) {
            case "amd64", "x86_64" -> X86_64;
            case "aarch64" -> AARCH64;
            default ->
                throw new IllegalStateException("there is no filter of system calls for the architecture " + name
                        + ", only for amd64 and aarch64");
        };
    }

    /** What the kernel calls it in what a filter sees. */
    int audit() {
        return audit;
    }

    /** Number of seccomp(2). */
    int seccomp() {
        return seccomp;
    }
}
