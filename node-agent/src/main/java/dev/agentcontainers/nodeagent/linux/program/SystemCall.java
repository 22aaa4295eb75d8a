package dev.agentcontainers.nodeagent.linux.program;

/**
 * System calls by their numbers. Sources: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of
 * Linux.
 */
public enum SystemCall {
    ACCEPT4(288, 242),
    ADD_KEY(248, 217),
    BIND(49, 200),
    BPF(321, 280),
    CAPSET(126, 91),
    CHDIR(80, 49),
    CLONE(56, 220),
    CLOSE(3, 57),
    CONNECT(42, 203),
    DUP(32, 23),
    EXECVE(59, 221),
    EXIT_GROUP(231, 94),
    FANOTIFY_INIT(300, 262),
    FCNTL(72, 25),
    GETPID(39, 172),
    INIT_MODULE(175, 105),
    INOTIFY_INIT1(294, 26),
    IOCTL(16, 29),
    IO_URING_SETUP(425, 425),
    KEXEC_LOAD(246, 104),
    KILL(62, 129),
    LANDLOCK_ADD_RULE(445, 445),
    LANDLOCK_CREATE_RULESET(444, 444),
    LANDLOCK_RESTRICT_SELF(446, 446),
    LISTEN(50, 201),
    LSEEK(8, 62),
    MKDIRAT(258, 34),
    MKNODAT(259, 33),
    MMAP(9, 222),
    MOUNT(165, 40),
    OPENAT(257, 56),
    OPEN_BY_HANDLE_AT(304, 265),
    PERF_EVENT_OPEN(298, 241),
    PPOLL(271, 73),
    PRCTL(157, 167),
    PRLIMIT64(302, 261),
    PROCESS_VM_READV(310, 270),
    PTRACE(101, 117),
    READ(0, 63),
    REBOOT(169, 142),
    RECVMSG(47, 212),
    SENDTO(44, 206),
    SETGROUPS(116, 159),
    SETNS(308, 268),
    SETRESGID(119, 149),
    SETRESUID(117, 147),
    SETTIMEOFDAY(164, 170),
    SOCKET(41, 198),
    SWAPON(167, 224),
    SYMLINKAT(266, 36),
    SYSLOG(103, 116),
    UNSHARE(272, 97),
    USERFAULTFD(323, 282),
    WRITE(1, 64);

    private final int x86;
    private final int arm;

    SystemCall(int x86, int arm) {
        this.x86 = x86;
        this.arm = arm;
    }

    int number(Machine machine) {
        return machine == Machine.AARCH64 ? arm : x86;
    }
}
