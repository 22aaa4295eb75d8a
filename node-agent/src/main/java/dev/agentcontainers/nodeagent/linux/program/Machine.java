package dev.agentcontainers.nodeagent.linux.program;

/** The processors that programs can be made for. */
public enum Machine {
    X86_64((short) 62),
    AARCH64((short) 183);

    private final short elf;

    Machine(short elf) {
        this.elf = elf;
    }

    /** How an executable file names it. */
    short elf() {
        return elf;
    }

    /** This one. */
    public static Machine current() {
        return System.getProperty("os.arch").equals("aarch64") ? AARCH64 : X86_64;
    }

    Assembler assembler() {
        return switch (this) {
            case X86_64 -> new AssemblerX86();
            case AARCH64 -> new AssemblerArm();
        };
    }
}
