package dev.agentcontainers.nodeagent.linux.strength;

import java.util.List;
import java.util.stream.Stream;

/**
 * The attempts that one program makes, for one sandbox. Each is harmless where it succeeds: what would change the host is opened but
 * not written to, or asked for with arguments that the kernel looks at only after it has let the caller pass. Sources: the
 * manual page of each system call, and for the order of its checks Linux 6.18.
 *
 * @param workspace whether the sandbox has a writable one at {@code /workspace}
 */
record Survey(boolean workspace) {
    /** In the order in which they are made: what would change how the others end comes last. */
    List<SurveyProbe> probes() {
        KernelProbes kernel = new KernelProbes();
        return Stream.of(
                        ProcessProbes.inherited(kernel),
                        kernel.all(),
                        new FileProbes(workspace, kernel).all(),
                        ProcessProbes.processes(),
                        SocketProbes.sockets(kernel),
                        NamespaceProbes.all(kernel))
                .flatMap(List::stream)
                .toList();
    }
}
