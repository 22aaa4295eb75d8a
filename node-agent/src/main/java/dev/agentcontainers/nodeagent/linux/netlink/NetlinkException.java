package dev.agentcontainers.nodeagent.linux.netlink;

import java.io.IOException;

/** The kernel refused a request, or the socket failed. */
public final class NetlinkException extends IOException {
    private static final long serialVersionUID = 1L;

    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int EOPNOTSUPP = 95;
    public static final int ENETUNREACH = 101;
    public static final int ETIMEDOUT = 110;
    public static final int EHOSTUNREACH = 113;

    private final int errno;

    /** @param explanation the kernel's own words (extended acknowledgement), or empty */
    public NetlinkException(String action, int errno, String reason, String explanation) {
        super(action + ": " + reason + " (errno " + errno + ")" + (explanation.isEmpty() ? "" : ": " + explanation));
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }

    /** What was to be removed or looked up is not there. */
    public boolean notFound() {
        return errno == ENOENT || errno == ESRCH || errno == ENODEV;
    }
}
