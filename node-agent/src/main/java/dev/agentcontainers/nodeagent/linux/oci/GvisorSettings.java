package dev.agentcontainers.nodeagent.linux.oci;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How the driver {@code gvisor} runs gVisor. Source: gvisor.dev/docs/user_guide, and {@code runsc flags}.
 *
 * @param program runsc; empty for the first of that name on the PATH
 * @param platform how gVisor gets hold of its programs' system calls: {@code systrap}, or {@code kvm} on machines that
 *     have /dev/kvm
 */
public record GvisorSettings(Optional<Path> program, String platform) {
    public static final String SYSTRAP = "systrap";
    public static final GvisorSettings DEFAULT = new GvisorSettings(Optional.empty(), SYSTRAP);
}
