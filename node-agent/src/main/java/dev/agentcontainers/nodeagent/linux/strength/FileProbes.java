package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.AT_FDCWD;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_NONBLOCK;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_RDONLY;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_WRONLY;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.hidden;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.none;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.open;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.probe;

import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Value;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Attempt;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Judge;
import dev.agentcontainers.nodeagent.linux.strength.Witness.Opened;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** At files and devices of the host. */
final class FileProbes {
    private static final int FIRST_PROCESSES = 8;

    /** What it is executed from, which it may write to if it can. */
    private static final String OWN_PROGRAM = "/" + TrialSandbox.PROGRAM;

    /** What those that made it are executed from. */
    private static final Set<String> RUNTIMES = Set.of("/crun", "/runc", "/runsc", "/conmon");

    /** Devices that give nobody a hold on the host: null, zero, full, random, urandom and tty. */
    private static final Set<String> HARMLESS_DEVICES = Set.of("1:3", "1:5", "1:7", "1:8", "1:9", "5:0");

    /** Pseudoterminals have these numbers. */
    private static final String TERMINALS = "136:";

    private final boolean workspace;
    private final KernelProbes kernel;

    /** @param workspace whether the sandbox has a writable one at {@code /workspace} */
    FileProbes(boolean workspace, KernelProbes kernel) {
        this.workspace = workspace;
        this.kernel = kernel;
    }

    List<SurveyProbe> all() {
        return Stream.of(files(), kernelFiles(), devices())
                .flatMap(List::stream)
                .toList();
    }

    private List<SurveyProbe> files() {
        return List.of(
                probe("private-file-of-host", (program, bait) -> {
                    String path = bait.privateFile().toString();
                    long sleeper = bait.process().pid();
                    for (String way : List.of(
                            path,
                            "/tmp/../../../../../.." + path,
                            "/proc/self/root" + path,
                            "/proc/self/cwd/../../../.." + path,
                            "/proc/1/root" + path,
                            "/proc/" + sleeper + "/root" + path)) {
                        program.print(open(program, way, O_RDONLY));
                    }
                    return witness -> hidden(bait.givesAwayPrivateFile(witness.output()), "a file of root's");
                }),
                probe("open-file-of-host", (program, bait) -> {
                    if (bait.openFile().isEmpty()) {
                        return witness -> Judgement.notApplicable("nothing can be written to the host's /var/tmp");
                    }
                    String path = bait.openFile().get().toString();
                    program.print(open(program, path, O_RDONLY));
                    program.print(open(program, "/proc/self/root/../.." + path, O_RDONLY));
                    return witness -> hidden(
                            bait.givesAwayOpenFile(witness.output()), "a file in the host's /var that all may read");
                }),
                probe("shared-memory-of-host", (program, bait) -> {
                    if (bait.sharedMemory().isEmpty()) {
                        return witness -> Judgement.notApplicable("the host has no shared memory in /dev/shm");
                    }
                    program.print(open(program, bait.sharedMemory().get().toString(), O_RDONLY));
                    return witness ->
                            hidden(bait.givesAwaySharedMemory(witness.output()), "shared memory that all may read");
                }),
                probe("file-by-handle", FileProbes::byHandle),
                probe("link-in-volume", this::linkInVolume),
                probe("own-program-of-runtime", (program, bait) -> {
                    List<Answer> opened = new ArrayList<>();
                    opened.add(open(program, "/proc/self/exe", O_WRONLY));
                    for (int pid = 1; pid <= FIRST_PROCESSES; pid++) {
                        opened.add(open(program, "/proc/" + pid + "/exe", O_WRONLY));
                    }
                    return none(
                            kernel,
                            opened,
                            file -> !OWN_PROGRAM.equals(lastOf(file.link())),
                            FileProbes::isOfRuntime,
                            "the program of a process opened for writing");
                }));
    }

    private static Judge byHandle(CallProgram program, Bait bait) {
        byte[] handle;
        try {
            handle = HostCalls.handleOf(bait.privateFile());
        } catch (IOException e) {
            return witness -> Judgement.notApplicable("files of this node have no handles: " + e.getMessage());
        }
        Answer root = open(program, "/", O_RDONLY);
        Answer file = program.call(SystemCall.OPEN_BY_HANDLE_AT, root, program.bytes(handle), value(O_RDONLY));
        program.print(file);
        return witness -> Judgement.of(
                !bait.givesAwayPrivateFile(witness.output()),
                "a handle of a file of root's: " + Errors.describe(witness.answer(file)));
    }

    private Judge linkInVolume(CallProgram program, Bait bait) {
        if (!workspace) {
            return witness -> Judgement.notApplicable("this node can't give it a workspace");
        }
        Value link = program.text("/workspace/link");
        program.call(
                SystemCall.SYMLINKAT, program.text("../../../../../.." + bait.privateFile()), value(AT_FDCWD), link);
        program.print(open(program, link, O_RDONLY));
        return witness -> hidden(bait.givesAwayPrivateFile(witness.output()), "a link out of the workspace");
    }

    /** Files by which the kernel shows or takes something. */
    private List<SurveyProbe> kernelFiles() {
        return List.of(
                probe("kernel-settings", writing("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe")),
                probe("sysrq-trigger", writing("/proc/sysrq-trigger")),
                probe("sysfs", writing("/sys/kernel/uevent_helper", "/sys/power/state", "/sys/kernel/mm/ksm/run")),
                probe("kernel-memory", reading("/proc/kcore", "/proc/kmsg", "/proc/kallsyms", "/proc/keys")),
                probe(
                        "control-group-members",
                        writing(controlGroupFiles("cgroup.procs").toArray(String[]::new))),
                probe(
                        "control-group-release-agent",
                        writing(controlGroupFiles("release_agent").toArray(String[]::new))));
    }

    private static Stream<String> controlGroupFiles(String name) {
        return Stream.of("", "unified/", "systemd/", "memory/", "pids/", "devices/", "cpu/")
                .map(folder -> "/sys/fs/cgroup/" + folder + name);
    }

    private Attempt writing(String... paths) {
        return opening(O_WRONLY, "opened for writing", paths);
    }

    private Attempt reading(String... paths) {
        return opening(O_RDONLY | O_NONBLOCK, "opened", paths);
    }

    private Attempt opening(int flags, String what, String... paths) {
        return (program, bait) -> {
            List<Answer> opened = new ArrayList<>();
            for (String path : paths) {
                opened.add(open(program, path, flags));
            }
            // A path that is masked leads to a device or a directory of the sandbox's own.
            Predicate<Opened> real = file -> file.device().isEmpty()
                    && Stream.of(paths).anyMatch(path -> file.link().endsWith(lastOf(path)));
            return none(kernel, opened, real, String.join(", ", paths) + " " + what);
        };
    }

    private static String lastOf(String path) {
        return path.substring(Math.max(0, path.lastIndexOf('/')));
    }

    private List<SurveyProbe> devices() {
        return List.of(
                probe("devices-of-host", (program, bait) -> {
                    List<Answer> opened = new ArrayList<>();
                    for (String device : List.of(
                            "mem",
                            "port",
                            "kmsg",
                            "kvm",
                            "vsock",
                            "vhost-vsock",
                            "fuse",
                            "loop-control",
                            "net/tun",
                            "sda",
                            "vda")) {
                        opened.add(open(program, "/dev/" + device, O_RDONLY | O_NONBLOCK));
                    }
                    return none(kernel, opened, FileProbes::isHarmful, "a device of the host opened");
                }),
                probe("device-made", (program, bait) -> {
                    int character = 0x2000 | 0600;
                    int memory = 1 << 8 | 1;
                    Value path = program.text("/tmp/agentcontainers-device");
                    Answer made =
                            program.call(SystemCall.MKNODAT, value(AT_FDCWD), path, value(character), value(memory));
                    Answer opened = open(program, path, O_RDONLY);
                    Judge held =
                            none(kernel, List.of(opened), FileProbes::isHarmful, "the host's memory by a device made");
                    return witness -> {
                        Judgement judgement = held.judge(witness);
                        return new Judgement(
                                judgement.verdict(),
                                judgement.evidence() + "; mknod: " + Errors.describe(witness.answer(made)));
                    };
                }),
                probe("terminal-input", (program, bait) -> {
                    int pushInput = 0x5412;
                    Answer pushed = program.call(SystemCall.IOCTL, value(0), value(pushInput), program.text("x"));
                    return witness -> {
                        boolean terminal = Stream.of(0, 1, 2)
                                .map(witness.descriptors()::get)
                                .anyMatch(file -> file != null
                                        && file.device()
                                                .filter(device -> device.startsWith(TERMINALS))
                                                .isPresent());
                        return Judgement.of(
                                !terminal,
                                terminal
                                        ? "it holds a terminal of the host"
                                        : "no terminal of the host is its own; TIOCSTI: "
                                                + Errors.describe(witness.answer(pushed)));
                    };
                }));
    }

    private static boolean isOfRuntime(Opened file) {
        return RUNTIMES.contains(lastOf(file.link()));
    }

    private static boolean isHarmful(Opened file) {
        return file.device()
                .filter(device -> !HARMLESS_DEVICES.contains(device) && !device.startsWith(TERMINALS))
                .isPresent();
    }
}
