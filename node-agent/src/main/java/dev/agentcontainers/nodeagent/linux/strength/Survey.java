package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Argument;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Value;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Attempt;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Judge;
import dev.agentcontainers.nodeagent.linux.strength.Witness.Opened;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The attempts that one program makes. Each is harmless where it succeeds: what would change the host is opened but not written to,
 * or asked for with arguments that the kernel looks at only after it has let the caller pass. Sources: the manual page of
 * each system call, and for the order of its checks Linux 6.18.
 */
final class Survey {
    /** A mount of ours is told by its source. */
    private static final String MARK = "mounted-by-an-agent";

    private static final int AT_FDCWD = -100;
    private static final int O_RDONLY = 0;
    private static final int O_WRONLY = 1;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_PATH = 0x200000;
    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_PACKET = 17;
    private static final int AF_ALG = 38;
    private static final int AF_VSOCK = 40;
    private static final int SOCK_STREAM_NONBLOCK = 1 | O_NONBLOCK;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_RAW = 3;
    private static final int ALL_PROTOCOLS = 0x0300;
    private static final int SIGKILL = 9;
    private static final int FIRST_PROCESSES = 8;

    /** Devices that give nobody a hold on the host: null, zero, full, random, urandom and tty. */
    private static final Set<String> HARMLESS_DEVICES = Set.of("1:3", "1:5", "1:7", "1:8", "1:9", "5:0");

    /** Pseudoterminals have these numbers. */
    private static final String TERMINALS = "136:";

    private final String processName = "ac-" + UUID.randomUUID().toString().substring(0, 8);
    private final boolean workspace;
    private Optional<Answer> named = Optional.empty();

    /** @param workspace whether the sandbox has a writable one at {@code /workspace} */
    Survey(boolean workspace) {
        this.workspace = workspace;
    }

    /** In the order in which they are made: what would change how the others end comes last. */
    List<SurveyProbe> probes() {
        return Stream.of(
                        inherited(),
                        kernel(),
                        files(),
                        kernelFiles(),
                        devices(),
                        processes(),
                        sockets(),
                        kernelInterfaces(),
                        privileges(),
                        mounts(),
                        namespaces())
                .flatMap(List::stream)
                .toList();
    }

    private static SurveyProbe probe(String name, Attempt attempt) {
        return new SurveyProbe(name, IsolationLevel.Process, attempt);
    }

    /** What the sandbox was given by whom made it. */
    private static List<SurveyProbe> inherited() {
        int getFlags = 1;
        int most = 32;
        return List.of(probe("leaked-descriptors", (program, bait) -> {
            List<Answer> flags = new ArrayList<>();
            for (int descriptor = 3; descriptor < most; descriptor++) {
                flags.add(program.call(SystemCall.FCNTL, value(descriptor), value(getFlags)));
            }
            return witness -> {
                List<Answer> open = flags.stream()
                        .filter(flag -> !Errors.isError(witness.answer(flag)))
                        .toList();
                return Judgement.of(
                        open.isEmpty(),
                        open.isEmpty()
                                ? "nothing but standard input, output and error is open at the start"
                                : "%d more descriptors were open at the start, the first is %d"
                                        .formatted(open.size(), 3 + flags.indexOf(open.getFirst())));
            };
        }));
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
                    String path = bait.openFile().toString();
                    program.print(open(program, path, O_RDONLY));
                    program.print(open(program, "/proc/self/root/../.." + path, O_RDONLY));
                    return witness -> hidden(
                            bait.givesAwayOpenFile(witness.output()), "a file in the host's /var that all may read");
                }),
                probe("shared-memory-of-host", (program, bait) -> {
                    program.print(open(program, bait.sharedMemory().toString(), O_RDONLY));
                    return witness ->
                            hidden(bait.givesAwaySharedMemory(witness.output()), "shared memory that all may read");
                }),
                probe("file-by-handle", (program, bait) -> {
                    byte[] handle = HostCalls.handleOf(bait.privateFile());
                    Answer root = open(program, "/", O_RDONLY);
                    Answer file =
                            program.call(SystemCall.OPEN_BY_HANDLE_AT, root, program.bytes(handle), value(O_RDONLY));
                    program.print(file);
                    return witness -> Judgement.of(
                            !bait.givesAwayPrivateFile(witness.output())
                                    && witness.opened(file).isEmpty(),
                            "a handle of a file of root's: " + Errors.describe(witness.answer(file)));
                }),
                probe("link-in-volume", this::linkInVolume),
                probe("own-program-of-runtime", (program, bait) -> {
                    List<Answer> opened = new ArrayList<>();
                    opened.add(open(program, "/proc/self/exe", O_WRONLY));
                    for (int pid = 1; pid <= FIRST_PROCESSES; pid++) {
                        opened.add(open(program, "/proc/" + pid + "/exe", O_WRONLY));
                    }
                    return none(opened, file -> true, "the program of a process opened for writing");
                }));
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
    private static List<SurveyProbe> kernelFiles() {
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

    private static Attempt writing(String... paths) {
        return opening(O_WRONLY, "opened for writing", paths);
    }

    private static Attempt reading(String... paths) {
        return opening(O_RDONLY | O_NONBLOCK, "opened", paths);
    }

    private static Attempt opening(int flags, String what, String... paths) {
        return (program, bait) -> {
            List<Answer> opened = new ArrayList<>();
            for (String path : paths) {
                opened.add(open(program, path, flags));
            }
            // A path that is masked leads to a device or a directory of the sandbox's own.
            Predicate<Opened> real = file -> file.device().isEmpty()
                    && Stream.of(paths).anyMatch(path -> file.link().endsWith(lastOf(path)));
            return none(opened, real, String.join(", ", paths) + " " + what);
        };
    }

    private static String lastOf(String path) {
        return path.substring(path.lastIndexOf('/'));
    }

    private static List<SurveyProbe> devices() {
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
                    return none(opened, Survey::isHarmful, "a device of the host opened");
                }),
                probe("device-made", (program, bait) -> {
                    int character = 0x2000 | 0600;
                    int memory = 1 << 8 | 1;
                    Value path = program.text("/tmp/agentcontainers-device");
                    Answer made =
                            program.call(SystemCall.MKNODAT, value(AT_FDCWD), path, value(character), value(memory));
                    Answer opened = open(program, path, O_RDONLY);
                    return witness -> Judgement.of(
                            witness.opened(opened).isEmpty(),
                            "mknod of the host's memory: %s, opening it: %s"
                                    .formatted(
                                            Errors.describe(witness.answer(made)),
                                            Errors.describe(witness.answer(opened))));
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

    private static boolean isHarmful(Opened file) {
        return file.device()
                .filter(device -> !HARMLESS_DEVICES.contains(device) && !device.startsWith(TERMINALS))
                .isPresent();
    }

    private static List<SurveyProbe> processes() {
        return List.of(
                probe("process-killed", (program, bait) -> {
                    Answer one =
                            program.call(SystemCall.KILL, value(bait.process().pid()), value(SIGKILL));
                    return witness -> Judgement.of(
                            bait.process().isAlive(),
                            "a process of the host lives: %s; kill: %s"
                                    .formatted(bait.process().isAlive(), Errors.describe(witness.answer(one))));
                }),
                probe("process-traced", (program, bait) -> {
                    int seize = 0x4206;
                    Answer traced = program.call(
                            SystemCall.PTRACE,
                            value(seize),
                            value(bait.process().pid()),
                            value(0),
                            value(0));
                    return witness -> {
                        String tracer = bait.tracerOfProcess();
                        return Judgement.of(
                                tracer.equals("0"),
                                "tracer of a process of the host: %s; ptrace: %s"
                                        .formatted(tracer, Errors.describe(witness.answer(traced))));
                    };
                }),
                probe("process-read", (program, bait) -> {
                    program.print(open(program, "/proc/" + bait.process().pid() + "/environ", O_RDONLY));
                    return witness -> hidden(
                            bait.givesAwayEnvironment(witness.output()), "the environment of a process of the host");
                }));
    }

    private static List<SurveyProbe> sockets() {
        return List.of(
                probe("abstract-socket-of-host", (program, bait) -> {
                    Answer connected = connect(program, AF_UNIX, HostCalls.address(bait.abstractName()));
                    return witness -> unreached(bait.isAbstractSocketReached(), witness.answer(connected));
                }),
                probe("socket-file-of-host", (program, bait) -> {
                    Answer connected = connect(
                            program,
                            AF_UNIX,
                            HostCalls.address(bait.socketFile().toString()));
                    return witness -> unreached(bait.isPathSocketReached(), witness.answer(connected));
                }),
                probe("loopback-of-host", (program, bait) -> {
                    Answer connected = connect(program, AF_INET, ipv4(new byte[] {127, 0, 0, 1}, bait.loopbackPort()));
                    return witness -> unreached(bait.isLoopbackReached(), witness.answer(connected));
                }),
                probe("network-before-the-fence", (program, bait) -> {
                    Answer metadata = connect(
                            program, AF_INET, ipv4(new byte[] {(byte) 169, (byte) 254, (byte) 169, (byte) 254}, 80));
                    return witness -> {
                        boolean own = !witness.namespaces()
                                .get("net")
                                .equals(Witness.hostNamespaces().get("net"));
                        int interfaces = witness.sockets("dev") - 1;
                        return Judgement.of(
                                own && interfaces <= 1 && Errors.isError(witness.answer(metadata)),
                                "interfaces beside its loopback: %d; to the address of cloud metadata: %s"
                                        .formatted(
                                                Math.max(0, interfaces - 1),
                                                Errors.describe(witness.answer(metadata))));
                    };
                }),
                probe("raw-sockets", (program, bait) -> {
                    Answer raw = program.call(SystemCall.SOCKET, value(AF_INET), value(SOCK_RAW), value(255));
                    Answer packet =
                            program.call(SystemCall.SOCKET, value(AF_PACKET), value(SOCK_RAW), value(ALL_PROTOCOLS));
                    return witness -> {
                        int found = witness.sockets("raw") + witness.sockets("packet");
                        return Judgement.of(
                                found == 0,
                                "raw and packet sockets in its network: %d; socket: %s and %s"
                                        .formatted(
                                                found,
                                                Errors.describe(witness.answer(raw)),
                                                Errors.describe(witness.answer(packet))));
                    };
                }),
                probe("rare-sockets", (program, bait) -> {
                    List<Answer> opened = List.of(
                            program.call(SystemCall.SOCKET, value(AF_VSOCK), value(SOCK_STREAM_NONBLOCK), value(0)),
                            program.call(SystemCall.SOCKET, value(AF_ALG), value(5), value(0)),
                            program.call(SystemCall.SOCKET, value(30), value(SOCK_DGRAM), value(0)));
                    return none(
                            opened,
                            file -> file.link().startsWith("socket:"),
                            "a socket to the machine below, or into the kernel");
                }));
    }

    /** Parts of the kernel that are seldom needed and have often been broken. */
    private static List<SurveyProbe> kernelInterfaces() {
        return List.of(
                probe("io-uring", (program, bait) -> {
                    Answer made = program.call(SystemCall.IO_URING_SETUP, value(1), program.room(128));
                    return none(List.of(made), file -> file.link().contains("io_uring"), "io_uring_setup");
                }),
                probe("user-faults", (program, bait) -> {
                    Answer made = program.call(SystemCall.USERFAULTFD, value(O_NONBLOCK | 1));
                    return none(List.of(made), file -> file.link().contains("userfaultfd"), "userfaultfd");
                }),
                probe("bpf", (program, bait) -> {
                    Value map = program.bytes(ints(2, 4, 4, 1));
                    Answer made = program.call(SystemCall.BPF, value(0), map, value(4 * Integer.BYTES));
                    return none(List.of(made), file -> file.link().contains("bpf"), "a map of bpf");
                }),
                probe("performance-counters", (program, bait) -> {
                    int size = 64;
                    byte[] attributes = new byte[size];
                    // A counter of the kernel's own time.
                    ByteBuffer.wrap(attributes)
                            .order(ByteOrder.nativeOrder())
                            .putInt(1)
                            .putInt(size);
                    Answer made = program.call(
                            SystemCall.PERF_EVENT_OPEN,
                            program.bytes(attributes),
                            value(0),
                            value(-1),
                            value(-1),
                            value(0));
                    return none(List.of(made), file -> file.link().contains("perf_event"), "perf_event_open");
                }),
                probe("file-watching-of-mounts", (program, bait) -> {
                    Answer made = program.call(SystemCall.FANOTIFY_INIT, value(0), value(0));
                    return none(List.of(made), file -> file.link().contains("fanotify"), "fanotify_init");
                }),
                probe("keyring", (program, bait) -> {
                    int sessionKeyring = -3;
                    Answer added = program.call(
                            SystemCall.ADD_KEY,
                            program.text("user"),
                            program.text(MARK),
                            program.text("x"),
                            value(1),
                            value(sessionKeyring));
                    return witness -> {
                        String user = witness.status().get("Uid").split("\\s+")[0];
                        boolean keys = Files.readAllLines(Path.of("/proc/key-users")).stream()
                                .anyMatch(line -> line.strip().startsWith(user + ":"));
                        return Judgement.of(
                                !keys || user.equals("0"),
                                "the host's kernel holds keys of its user: %s; add_key: %s"
                                        .formatted(keys, Errors.describe(witness.answer(added))));
                    };
                }));
    }

    /** What only the host's root may do: asked for so that the kernel would refuse it for another reason. */
    private List<SurveyProbe> privileges() {
        return List.of(
                probe("no-privileges", (program, bait) -> witness -> {
                    Map<String, String> status = witness.status();
                    boolean none = status.get("CapEff").equals(status.get("CapBnd"))
                            && Long.parseUnsignedLong(status.get("CapBnd"), 16) == 0;
                    boolean user = !status.get("Uid").startsWith("0\t");
                    return Judgement.of(
                            none && user,
                            "capabilities %s, user %s on the host"
                                    .formatted(
                                            status.get("CapBnd"),
                                            status.get("Uid").split("\\s+")[0]));
                }),
                probe(
                        "no-new-privileges",
                        (program, bait) -> witness -> Judgement.of(
                                "1".equals(witness.status().get("NoNewPrivs")),
                                "NoNewPrivs is " + witness.status().get("NoNewPrivs")
                                        + ": programs with set-user-id gain nothing if 1")),
                probe(
                        "system-call-filter",
                        (program, bait) -> witness -> Judgement.of(
                                "2".equals(witness.status().get("Seccomp")),
                                "Seccomp is " + witness.status().get("Seccomp") + ": 2 is a filter")),
                probe(
                        "kernel-module",
                        (program, bait) -> refused(
                                program.call(SystemCall.INIT_MODULE, value(0), value(0), program.text("")),
                                "init_module")),
                probe("kernel-replaced", (program, bait) -> {
                    int moreThanThereMayBe = 17;
                    return refused(
                            program.call(
                                    SystemCall.KEXEC_LOAD, value(0), value(moreThanThereMayBe), value(0), value(0)),
                            "kexec_load");
                }),
                probe(
                        "machine-restarted",
                        (program, bait) -> refused(
                                program.call(SystemCall.REBOOT, value(0), value(0), value(0), value(0)), "reboot")),
                probe(
                        "swap",
                        (program, bait) -> refused(
                                program.call(SystemCall.SWAPON, program.text("/agentcontainers-none"), value(0)),
                                "swapon")),
                probe("clock", (program, bait) -> {
                    // The time zone that the host's kernel has unless it was told another: what would be set is what
                    // is.
                    Value zone = program.bytes(ints(0, 0));
                    return refused(program.call(SystemCall.SETTIMEOFDAY, value(0), zone), "settimeofday");
                }),
                probe("kernel-log", (program, bait) -> {
                    int readAll = 3;
                    int size = 1024;
                    return refused(
                            program.call(SystemCall.SYSLOG, value(readAll), program.room(size), value(size)), "syslog");
                }));
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

    private static List<SurveyProbe> namespaces() {
        return List.of(
                probe("namespaces-of-host", (program, bait) -> {
                    List<Answer> joined = new ArrayList<>();
                    for (String kind : List.of("mnt", "net", "pid")) {
                        Answer file = open(program, "/proc/" + bait.process().pid() + "/ns/" + kind, O_RDONLY);
                        joined.add(program.call(SystemCall.SETNS, file, value(0)));
                    }
                    return witness -> {
                        Map<String, String> host = Witness.hostNamespaces();
                        List<String> shared = host.keySet().stream()
                                .filter(kind -> host.get(kind)
                                        .equals(witness.namespaces().get(kind)))
                                .sorted()
                                .toList();
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
                        boolean same = witness.namespaces()
                                .get("user")
                                .equals(witness.namespacesBefore().get("user"));
                        return Judgement.of(
                                same,
                                "its user namespace is %s; unshare: %s"
                                        .formatted(
                                                same ? "the same" : "another", Errors.describe(witness.answer(left))));
                    };
                }));
    }

    /** Before the others: how their answers are taken depends on it. */
    private List<SurveyProbe> kernel() {
        return List.of(new SurveyProbe("kernel-of-its-own", IsolationLevel.UserspaceKernel, (program, bait) -> {
            int setName = 15;
            named = Optional.of(program.call(SystemCall.PRCTL, value(setName), program.text(processName)));
            program.print(open(program, "/proc/sys/kernel/random/boot_id", O_RDONLY));
            return witness -> {
                String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))
                        .strip();
                boolean own = hasOwnKernel(witness);
                boolean sameBoot = witness.output().contains(boot);
                return Judgement.of(
                        own && !sameBoot,
                        "a name that its process took is %s to the host's kernel; its boot id is %s"
                                .formatted(own ? "not known" : "known", sameBoot ? "the host's" : "not the host's"));
            };
        }));
    }

    /** Whether another kernel than the host's answers it. */
    private boolean hasOwnKernel(Witness witness) {
        return named.filter(answer -> witness.answer(answer) == 0).isPresent()
                && !witness.processNames().contains(processName);
    }

    private Judge refused(Answer answer, String call) {
        return witness -> {
            long said = witness.answer(answer);
            boolean refused = said == -Errors.EPERM || said == -Errors.ENOSYS;
            boolean elsewhere = !refused && hasOwnKernel(witness);
            return Judgement.of(
                    refused || elsewhere,
                    call + ": " + Errors.describe(said) + (elsewhere ? " by a kernel of its own" : ""));
        };
    }

    /** Nothing of this kind is open in the host's kernel. */
    private static Judge none(List<Answer> opened, Predicate<Opened> kind, String what) {
        return witness -> {
            List<String> found = opened.stream()
                    .map(witness::opened)
                    .flatMap(Optional::stream)
                    .filter(kind)
                    .map(Opened::link)
                    .toList();
            return Judgement.of(
                    found.isEmpty(),
                    found.isEmpty()
                            ? what + ": not on the host, " + Errors.describe(witness.answer(opened.getFirst()))
                            : what + ": the host's kernel holds " + found.getFirst());
        };
    }

    private static Judgement hidden(boolean given, String what) {
        return Judgement.of(!given, what + (given ? " was read" : " was not read"));
    }

    private static Judgement unreached(boolean reached, long answer) {
        return Judgement.of(
                !reached,
                (reached ? "the host was reached" : "the host saw no connection") + ": " + Errors.describe(answer));
    }

    private static Answer open(CallProgram program, String path, int flags) {
        return open(program, program.text(path), flags);
    }

    private static Answer open(CallProgram program, Argument path, int flags) {
        return program.call(SystemCall.OPENAT, value(AT_FDCWD), path, value(flags), value(0));
    }

    /** Connects, and says something. */
    private static Answer connect(CallProgram program, int family, byte[] address) {
        Answer socket = program.call(SystemCall.SOCKET, value(family), value(SOCK_STREAM_NONBLOCK), value(0));
        Answer connected = program.call(SystemCall.CONNECT, socket, program.bytes(address), value(address.length));
        program.call(SystemCall.SENDTO, socket, program.text("x"), value(1), value(0), value(0), value(0));
        return connected;
    }

    private static byte[] ipv4(byte[] address, int port) {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
        bytes.putShort((short) AF_INET);
        bytes.order(ByteOrder.BIG_ENDIAN).putShort((short) port).put(address);
        return bytes.array();
    }

    private static byte[] ints(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.nativeOrder());
        for (int one : values) {
            bytes.putInt(one);
        }
        return bytes.array();
    }
}
