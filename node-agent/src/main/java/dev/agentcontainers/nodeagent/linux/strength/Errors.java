package dev.agentcontainers.nodeagent.linux.strength;

import java.util.Map;

/** The kernel's answers in words. Source: errno(3). */
final class Errors {
    static final int EPERM = 1;
    static final int ENOSPC = 28;
    static final int ENOSYS = 38;
    static final int EDQUOT = 122;
    private static final int LAST = 4095;

    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(EPERM, "EPERM"),
            Map.entry(2, "ENOENT"),
            Map.entry(3, "ESRCH"),
            Map.entry(6, "ENXIO"),
            Map.entry(9, "EBADF"),
            Map.entry(11, "EAGAIN"),
            Map.entry(12, "ENOMEM"),
            Map.entry(13, "EACCES"),
            Map.entry(14, "EFAULT"),
            Map.entry(16, "EBUSY"),
            Map.entry(19, "ENODEV"),
            Map.entry(20, "ENOTDIR"),
            Map.entry(22, "EINVAL"),
            Map.entry(24, "EMFILE"),
            Map.entry(25, "ENOTTY"),
            Map.entry(26, "ETXTBSY"),
            Map.entry(ENOSPC, "ENOSPC"),
            Map.entry(30, "EROFS"),
            Map.entry(ENOSYS, "ENOSYS"),
            Map.entry(40, "ELOOP"),
            Map.entry(93, "EPROTONOSUPPORT"),
            Map.entry(95, "EOPNOTSUPP"),
            Map.entry(97, "EAFNOSUPPORT"),
            Map.entry(101, "ENETUNREACH"),
            Map.entry(111, "ECONNREFUSED"),
            Map.entry(115, "EINPROGRESS"),
            Map.entry(EDQUOT, "EDQUOT"));

    private Errors() {}

    static boolean isError(long answer) {
        return answer < 0 && answer >= -LAST;
    }

    static String describe(long answer) {
        return isError(answer) ? NAMES.getOrDefault((int) -answer, "error " + -answer) : Long.toString(answer);
    }
}
