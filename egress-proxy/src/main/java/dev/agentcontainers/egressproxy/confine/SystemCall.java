package dev.agentcontainers.egressproxy.confine;

/**
 * What the proxy asks of the kernel, after its start: what the JVM, the C library and Netty's transport need for threads, memory,
 * files and sockets. Sources: the kernel's {@code arch/x86/entry/syscalls/syscall_64.tbl} and
 * {@code include/uapi/asm-generic/unistd.h}.
 */
enum SystemCall {
    // Sockets and what waits for them.
    EPOLL_WAIT(232),
    EPOLL_PWAIT(281, 22),
    EPOLL_PWAIT2(441, 441),
    EPOLL_CTL(233, 21),
    EPOLL_CREATE1(291, 20),
    EVENTFD2(290, 19),
    TIMERFD_CREATE(283, 85),
    TIMERFD_SETTIME(286, 86),
    TIMERFD_GETTIME(287, 87),
    RECVFROM(45, 207),
    RECVMSG(47, 212),
    RECVMMSG(299, 243),
    SENDTO(44, 206),
    SENDMSG(46, 211),
    SENDMMSG(307, 269),
    ACCEPT(43, 202),
    ACCEPT4(288, 242),
    CONNECT(42, 203),
    BIND(49, 200),
    LISTEN(50, 201),
    SHUTDOWN(48, 210),
    GETSOCKNAME(51, 204),
    GETPEERNAME(52, 205),
    GETSOCKOPT(55, 209),
    SETSOCKOPT(54, 208),
    POLL(7),
    PPOLL(271, 73),
    // Threads and time.
    FUTEX(202, 98),
    SCHED_YIELD(24, 124),
    SCHED_GETAFFINITY(204, 123),
    SCHED_GETPARAM(143, 121),
    SCHED_GETSCHEDULER(145, 120),
    GETCPU(309, 168),
    MEMBARRIER(324, 283),
    NANOSLEEP(35, 101),
    CLOCK_NANOSLEEP(230, 115),
    CLOCK_GETTIME(228, 113),
    CLOCK_GETRES(229, 114),
    GETTIMEOFDAY(96, 169),
    SET_ROBUST_LIST(273, 99),
    SET_TID_ADDRESS(218, 96),
    RSEQ(334, 293),
    RT_SIGACTION(13, 134),
    RT_SIGPROCMASK(14, 135),
    RT_SIGRETURN(15, 139),
    SIGALTSTACK(131, 132),
    TGKILL(234, 131),
    RESTART_SYSCALL(219, 128),
    EXIT(60, 93),
    EXIT_GROUP(231, 94),
    // Files: libraries, and what the JVM reads of the machine.
    READ(0, 63),
    WRITE(1, 64),
    READV(19, 65),
    WRITEV(20, 66),
    PREAD64(17, 67),
    PWRITE64(18, 68),
    CLOSE(3, 57),
    FCNTL(72, 25),
    LSEEK(8, 62),
    OPEN(2),
    OPENAT(257, 56),
    STAT(4),
    LSTAT(6),
    FSTAT(5, 80),
    NEWFSTATAT(262, 79),
    STATX(332, 291),
    ACCESS(21),
    FACCESSAT(269, 48),
    FACCESSAT2(439, 439),
    READLINK(89),
    READLINKAT(267, 78),
    GETDENTS64(217, 61),
    GETCWD(79, 17),
    DUP(32, 23),
    DUP2(33),
    DUP3(292, 24),
    PIPE2(293, 59),
    FSTATFS(138, 44),
    STATFS(137, 43),
    FTRUNCATE(77, 46),
    // Memory.
    MMAP(9, 222),
    MUNMAP(11, 215),
    MPROTECT(10, 226),
    MREMAP(25, 216),
    MADVISE(28, 233),
    MINCORE(27, 232),
    BRK(12, 214),
    MSYNC(26, 227),
    // What it knows of itself and the machine.
    ARCH_PRCTL(158),
    GETTID(186, 178),
    GETPID(39, 172),
    GETPPID(110, 173),
    GETUID(102, 174),
    GETEUID(107, 175),
    GETGID(104, 176),
    GETEGID(108, 177),
    GETRANDOM(318, 278),
    PRLIMIT64(302, 261),
    GETRLIMIT(97, 163),
    GETRUSAGE(98, 165),
    TIMES(100, 153),
    UNAME(63, 160),
    SYSINFO(99, 179),
    // With certain arguments only.
    SOCKET(41, 198),
    SOCKETPAIR(53, 199),
    IOCTL(16, 29),
    CLONE(56, 220),
    PRCTL(157, 167);

    /** There is none on that architecture, whose libraries use another. */
    static final int NONE = -1;

    private final int x86;
    private final int arm;

    /** One that newer architectures don't have. */
    SystemCall(int x86) {
        this(x86, NONE);
    }

    SystemCall(int x86, int arm) {
        this.x86 = x86;
        this.arm = arm;
    }

    int number(Architecture architecture) {
        return switch (architecture) {
            case X86_64 -> x86;
            case AARCH64 -> arm;
        };
    }
}
