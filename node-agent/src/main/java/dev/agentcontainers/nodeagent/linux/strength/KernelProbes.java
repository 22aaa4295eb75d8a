package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_NONBLOCK;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_RDONLY;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.none;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.open;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.probe;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Value;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.linux.strength.SurveyProbe.Judge;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** At the host's kernel. For one sandbox. */
final class KernelProbes {
    private final String processName = "ac-" + UUID.randomUUID().toString().substring(0, 8);
    private Optional<Answer> named = Optional.empty();

    /** Those that tell whose kernel it is come first: how other answers are taken depends on it. */
    List<SurveyProbe> all() {
        return Stream.of(kernel(), interfaces(), privileges())
                .flatMap(List::stream)
                .toList();
    }

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
    boolean hasOwnKernel(Witness witness) {
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

    /** Parts of the kernel that are seldom needed and have often been broken. */
    private List<SurveyProbe> interfaces() {
        return List.of(
                probe("io-uring", (program, bait) -> {
                    Answer made = program.call(SystemCall.IO_URING_SETUP, value(1), program.room(128));
                    return none(this, List.of(made), file -> file.link().contains("io_uring"), "io_uring_setup");
                }),
                probe("user-faults", (program, bait) -> {
                    Answer made = program.call(SystemCall.USERFAULTFD, value(O_NONBLOCK | 1));
                    return none(this, List.of(made), file -> file.link().contains("userfaultfd"), "userfaultfd");
                }),
                probe("bpf", (program, bait) -> {
                    Value map = program.ints(2, 4, 4, 1);
                    Answer made = program.call(SystemCall.BPF, value(0), map, value(4 * Integer.BYTES));
                    return none(this, List.of(made), file -> file.link().contains("bpf"), "a map of bpf");
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
                    return none(this, List.of(made), file -> file.link().contains("perf_event"), "perf_event_open");
                }),
                probe("file-watching-of-mounts", (program, bait) -> {
                    Answer made = program.call(SystemCall.FANOTIFY_INIT, value(0), value(0));
                    return none(this, List.of(made), file -> file.link().contains("fanotify"), "fanotify_init");
                }),
                probe("keyring", (program, bait) -> {
                    int sessionKeyring = -3;
                    Answer added = program.call(
                            SystemCall.ADD_KEY,
                            program.text("user"),
                            program.text("agentcontainers-key"),
                            program.text("x"),
                            value(1),
                            value(sessionKeyring));
                    return witness -> {
                        boolean keys = Files.readAllLines(Path.of("/proc/key-users")).stream()
                                .anyMatch(line -> line.strip().startsWith(witness.user() + ":"));
                        return Judgement.of(
                                !keys || Errors.isError(witness.answer(added)),
                                "the host's kernel holds keys of its user: %s; add_key: %s"
                                        .formatted(keys, Errors.describe(witness.answer(added))));
                    };
                }));
    }

    /** What only the host's root may do: asked for so that the kernel would refuse it for another reason. */
    private List<SurveyProbe> privileges() {
        return List.of(
                probe("no-privileges", (program, bait) -> witness -> {
                    String capabilities = witness.field("CapBnd");
                    boolean none = capabilities.equals(witness.field("CapEff")) && capabilities.matches("0+");
                    // Those of a kernel of its own are in a user namespace of its own, and not the agent's.
                    boolean kernels = hasOwnKernel(witness) && !witness.hasHosts("user");
                    boolean root = witness.user().equals("0");
                    return Judgement.of(
                            (none || kernels) && !root,
                            "capabilities %s%s, user %s on the host"
                                    .formatted(
                                            witness.field("CapEff"),
                                            kernels ? " of a kernel of its own" : "",
                                            witness.user()));
                }),
                probe(
                        "no-new-privileges",
                        (program, bait) -> witness -> Judgement.of(
                                witness.field("NoNewPrivs").equals("1"),
                                "NoNewPrivs is " + witness.field("NoNewPrivs")
                                        + ": with 1 programs that set the user gain nothing")),
                probe(
                        "system-call-filter",
                        (program, bait) -> witness -> Judgement.of(
                                witness.field("Seccomp").equals("2"),
                                "Seccomp is " + witness.field("Seccomp") + ": 2 is a filter")),
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
                    // The time zone of the host's kernel, unless it was told another: that it is set changes nothing.
                    Value zone = program.ints(0, 0);
                    return refused(program.call(SystemCall.SETTIMEOFDAY, value(0), zone), "settimeofday");
                }),
                probe("kernel-log", (program, bait) -> {
                    int readAll = 3;
                    int size = 1024;
                    return refused(
                            program.call(SystemCall.SYSLOG, value(readAll), program.room(size), value(size)), "syslog");
                }));
    }
}
