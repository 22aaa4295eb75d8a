package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * What processes of an agent inherit from whoever starts the runtime: a limit of open files, and no core dumps. Not left to the
 * runtime: runc sets limits from outside of the agent's user namespace, which a root without CAP_SYS_RESOURCE may not do
 * where it belongs to another user.
 */
final class InheritedLimits {
    static final String FIELD = "spec.resources.limits.open-files";
    static final long UNASKED_FILES = 65_536;
    private static final String SHELL = "/bin/sh";

    private InheritedLimits() {}

    /** Open files of each process of an agent that asks for so many. */
    static long files(OptionalLong asked) throws IOException {
        return asked.orElse(Math.min(UNASKED_FILES, filesOf("self")));
    }

    /** Refuses more open files than this process may give. */
    static void require(ResourceAmounts limits) throws IOException, SandboxException {
        OptionalLong asked = limits.openFiles();
        long most = filesOf("self");
        if (asked.isPresent() && asked.getAsLong() > most) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.UNSUPPORTED,
                    FIELD + " is " + asked.getAsLong() + ", and the node agent may give " + most
                            + " at most: ask for fewer, or raise its own limit (LimitNOFILE= of its service)");
        }
    }

    /** Those of a shim, which are those of what it started, whatever that has made of its own. */
    static long filesOfShim(long pid) throws IOException {
        return filesOf(Long.toString(pid));
    }

    /** What a shell does before it becomes the program. Its exit code says that it could not. */
    static String script(long files) {
        return "ulimit -n %d && ulimit -c 0 || exit 72".formatted(files);
    }

    /** The program and arguments that start another with these limits. */
    static List<String> starting(Path program, List<String> arguments, long files) {
        List<String> all =
                new ArrayList<>(List.of(SHELL, "-c", script(files) + "; exec \"$@\"", "sh", program.toString()));
        all.addAll(arguments);
        return all;
    }

    private static long filesOf(String process) throws IOException {
        return most(process, "Max open files").orElse(1024);
    }

    /** What a process may raise one of its limits to, {@link Long#MAX_VALUE} for no limit. Source: proc_pid_limits(5). */
    static OptionalLong most(String process, String limit) throws IOException {
        return Files.readAllLines(Path.of("/proc", process, "limits")).stream()
                .filter(line -> line.startsWith(limit))
                .map(line -> line.split("\\s{2,}")[2].strip())
                .mapToLong(most -> most.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(most))
                .findFirst();
    }
}
