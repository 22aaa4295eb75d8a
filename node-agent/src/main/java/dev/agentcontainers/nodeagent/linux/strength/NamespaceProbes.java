package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_PATH;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_RDONLY;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.open;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.probe;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** At mounts and namespaces. */
final class NamespaceProbes {
    /** A mount of ours is told by its source. */
    private static final String MARK = "mounted-by-an-agent";

    private NamespaceProbes() {}

    /** What would change how others end comes last. */
    static List<SurveyProbe> all(KernelProbes kernel) {
        return Stream.of(mounts(), namespaces(kernel)).flatMap(List::stream).toList();
    }

    private static List<SurveyProbe> mounts() {
        return List.of(
                probe("filesystem-mounted", (program, bait) -> {
                    Answer mounted = program.call(
                            SystemCall.MOUNT,
                            program.text(MARK),
                            program.text("/tmp"),
                            program.text("tmpfs"),
                            value(0),
                            value(0));
                    return witness -> {
                        boolean found = witness.mounts().stream().anyMatch(line -> line.contains(MARK));
                        return Judgement.of(
                                !found,
                                "mounted: %s; mount: %s".formatted(found, Errors.describe(witness.answer(mounted))));
                    };
                }),
                probe("mounts-made-writable", (program, bait) -> {
                    int remountBind = 32 | 4096;
                    List<Answer> answers = new ArrayList<>();
                    for (String path : List.of("/", "/proc/sys", "/sys")) {
                        answers.add(program.call(
                                SystemCall.MOUNT,
                                value(0),
                                program.text(path),
                                value(0),
                                value(remountBind),
                                value(0)));
                    }
                    return witness -> {
                        List<String> changed = witness.mounts().stream()
                                .filter(line -> !line.contains(MARK))
                                .filter(line -> !witness.mountsBefore().contains(line))
                                .toList();
                        return Judgement.of(
                                changed.isEmpty(),
                                changed.isEmpty()
                                        ? "its mounts are as they were; mount: "
                                                + Errors.describe(witness.answer(answers.getFirst()))
                                        : "became another: " + changed.getFirst());
                    };
                }));
    }

    private static List<SurveyProbe> namespaces(KernelProbes kernel) {
        return List.of(
                probe("namespaces-of-host", (program, bait) -> {
                    List<Answer> joined = new ArrayList<>();
                    for (String kind : List.of("mnt", "net", "pid")) {
                        Answer file = open(program, "/proc/" + bait.process().pid() + "/ns/" + kind, O_RDONLY);
                        joined.add(program.call(SystemCall.SETNS, file, value(0)));
                    }
                    return witness -> {
                        List<String> shared = new ArrayList<>();
                        for (String kind : Witness.KINDS) {
                            // One of control groups hides names only, from whom a kernel of its own hides them anyway.
                            boolean hidden = kind.equals("cgroup") && kernel.hasOwnKernel(witness);
                            if (witness.hasHosts(kind) && !hidden) {
                                shared.add(kind);
                            }
                        }
                        return Judgement.of(
                                shared.isEmpty(),
                                shared.isEmpty()
                                        ? "all its namespaces are its own; setns: "
                                                + Errors.describe(witness.answer(joined.getFirst()))
                                        : "it has the host's " + String.join(", ", shared));
                    };
                }),
                new SurveyProbe("programs-of-host", IsolationLevel.Container, (program, bait) -> {
                    List<Answer> opened = new ArrayList<>();
                    for (String path : List.of("/bin/sh", "/etc/passwd", "/usr/lib/os-release")) {
                        opened.add(open(program, path, O_PATH));
                    }
                    return witness -> {
                        boolean any = opened.stream().anyMatch(answer -> !Errors.isError(witness.answer(answer)));
                        return Judgement.of(
                                !any, any ? "it sees files of the host's system" : "it sees none of the host's files");
                    };
                }),
                probe("nested-user-namespace", (program, bait) -> {
                    int user = 0x10000000;
                    Answer left = program.call(SystemCall.UNSHARE, value(user));
                    return witness -> {
                        boolean same = !witness.hasLeft("user");
                        return Judgement.of(
                                same,
                                "its user namespace is %s; unshare: %s"
                                        .formatted(
                                                same ? "the same" : "another", Errors.describe(witness.answer(left))));
                    };
                }));
    }
}
