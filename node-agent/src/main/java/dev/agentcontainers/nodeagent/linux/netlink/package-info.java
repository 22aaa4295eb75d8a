/**
 * Linux netlink: encoding of messages, and sockets whose requests are acknowledged. In: requests as values. Out:
 * replies and errors with the kernel's own explanation. Knows nothing of fences or sandboxes.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.netlink;

import org.jspecify.annotations.NullMarked;
